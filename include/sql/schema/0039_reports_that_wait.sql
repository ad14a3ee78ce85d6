-- What waited in the inbox before 0038.
alter table load.report validate constraint report_kind_known;
alter table load.report validate constraint report_class_name_length;
alter table load.report validate constraint report_box_range;
alter table load.report validate constraint report_photo_size;
