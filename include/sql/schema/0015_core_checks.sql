-- What must never be in core, as constraints; rows that are there are checked by the next file, so
-- that nothing waits while a big table is read.
alter table core.city
add constraint city_named check (btrim(name) <> '' and btrim(country) <> '') not valid;
alter table core.sight
add constraint sight_named check (btrim(name) <> '' and normalised_name <> '') not valid;
alter table core.city_request
add constraint city_request_named check (btrim(asked_name) <> '') not valid;
alter table core.photo_source
add constraint photo_source_complete check (
    btrim(url) <> '' and btrim(source) <> '' and btrim(licence) <> '' and btrim(query) <> ''
) not valid;
alter table core.photo_source
add constraint photo_source_found_in_the_past check (
    found_at >= '2000-01-01 00:00:00+00' and found_at <= recorded_at + interval '1 day'
) not valid;
alter table core.photo_blob
add constraint photo_blob_not_empty check (octet_length(bytes) > 0 and uri <> '') not valid;
alter table core.rejected_photo
add constraint rejected_photo_reason_is_a_word check (reason ~ '^[a-z][a-z0-9_]*$') not valid;
alter table core.rejected_photo
add constraint rejected_photo_complete check (btrim(url) <> '' and btrim(source) <> '') not valid;
alter table core.removed_photo
add constraint removed_photo_reason_given check (btrim(reason) <> '' and btrim(removed_by) <> '') not valid;
alter table core.label
add constraint label_score_range check (score between 0 and 1) not valid;
alter table core.label
add constraint label_place_range check (
    (latitude is null) = (longitude is null)
    and latitude between -90 and 90
    and longitude between -180 and 180
) not valid;
alter table core.label
add constraint label_annotation_not_negative check (annotation_number >= 0) not valid;
alter table core.model
add constraint model_hashes_length check (
    octet_length(onnx_sha256) = 32 and octet_length(weights_sha256) = 32
) not valid;
