-- Rows from before 0015 are checked, with a lock that lets everyone go on reading and writing.
alter table core.city validate constraint city_named;
alter table core.sight validate constraint sight_named;
alter table core.city_request validate constraint city_request_named;
alter table core.photo_source validate constraint photo_source_complete;
alter table core.photo_source validate constraint photo_source_found_in_the_past;
alter table core.photo_blob validate constraint photo_blob_not_empty;
alter table core.rejected_photo validate constraint rejected_photo_reason_is_a_word;
alter table core.rejected_photo validate constraint rejected_photo_complete;
alter table core.removed_photo validate constraint removed_photo_reason_given;
alter table core.label validate constraint label_score_range;
alter table core.label validate constraint label_place_range;
alter table core.label validate constraint label_annotation_not_negative;
alter table core.model validate constraint model_hashes_length;
