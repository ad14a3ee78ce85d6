-- Of photos that were there before 0061, none has a place.
alter table core.photo_source validate constraint photo_source_camera_is_a_place;
alter table core.photo_source validate constraint photo_source_contributions_have_no_place;
