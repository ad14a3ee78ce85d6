-- Grain: one row per city with a model in place.
create view mart.published_model as
select
    city.city_id,
    city.slug as city_slug,
    city.name as city_name,
    city.country,
    city.latitude,
    city.longitude,
    model.model_version,
    in_place.published_at,
    model.image_size,
    model.map50,
    model.map50_95,
    dataset.test_count as test_photo_count,
    live.image_size as live_image_size,
    live.map50_95 as live_map50_95,
    encode(model.onnx_sha256, 'hex') as onnx_sha256,
    octet_length(model_file.bytes)::bigint as onnx_bytes,
    (model.shipped ->> 'sight_photos')::integer as sight_photo_count,
    (model.shipped ->> 'named_sight_photos')::integer as named_sight_photo_count,
    (model.shipped ->> 'background_photos')::integer as background_photo_count,
    coalesce(
        (model.shipped ->> 'named_background_photos')::integer,
        -- As models were measured that say the share alone.
        round(
            (model.shipped ->> 'false_alarms')::double precision
            * (model.shipped ->> 'background_photos')::integer
        )::integer
    ) as named_background_photo_count,
    -- In one line, as programs read it.
    translate(encode(model.onnx_signature, 'base64'), E'\n', '') as onnx_signature,
    encode(live.sha256, 'hex') as live_onnx_sha256,
    octet_length(live_file.bytes)::bigint as live_onnx_bytes,
    -- In one line, as programs read it.
    translate(encode(live.onnx_signature, 'base64'), E'\n', '') as live_onnx_signature,
    array(
        select class.name
        from unnest(model.class_names, dataset.sight_ids) with ordinality as class (name, sight_id, number)
        where not class.sight_id = any(model.hidden_sight_ids)
        order by class.number
    ) as class_names,
    array(
        select class.sight_id
        from unnest(dataset.sight_ids) with ordinality as class (sight_id, number)
        where not class.sight_id = any(model.hidden_sight_ids)
        order by class.number
    ) as sight_ids
from core.city
cross join
    lateral (
        select
            publication.model_version,
            publication.published_at
        from core.publication
        where publication.city_id = city.city_id
        order by publication.publication_id desc
        limit 1
    ) as in_place
inner join core.model
    on
        city.city_id = model.city_id
        and in_place.model_version = model.model_version
inner join core.dataset
    on
        model.city_id = dataset.city_id
        and model.dataset_version = dataset.dataset_version
inner join core.model_file
    on
        model.city_id = model_file.city_id
        and model.model_version = model_file.model_version
        and model_file.file_name = 'model.onnx'
left join core.model_variant as live
    on
        model.city_id = live.city_id
        and model.model_version = live.model_version
        and live.kind = 'live'
        and live.state = 'offered'
left join core.model_file as live_file
    on
        live.city_id = live_file.city_id
        and live.model_version = live_file.model_version
        and live.file_name = live_file.file_name;

comment on view mart.published_model is 'One row per city with a model in place: what the app offers.';
comment on column mart.published_model.city_id is 'The city.';
comment on column mart.published_model.city_slug is 'Its ASCII name.';
comment on column mart.published_model.city_name is 'Its name on screen.';
comment on column mart.published_model.country is 'Its country.';
comment on column mart.published_model.latitude is 'Degrees north.';
comment on column mart.published_model.longitude is 'Degrees east.';
comment on column mart.published_model.model_version is 'The model in place.';
comment on column mart.published_model.published_at is 'Since when.';
comment on column mart.published_model.class_names is 'The sights it names, in the order of its classes, without those that it is not shown to know.';
comment on column mart.published_model.sight_ids is 'The same sights by their ids, in the same order.';
comment on column mart.published_model.image_size is 'Side of the square it was trained at, in pixels.';
comment on column mart.published_model.map50 is 'Mean average precision at IoU 0.5 on the frozen test photos.';
comment on column mart.published_model.map50_95 is 'Mean average precision over IoU 0.5 to 0.95 on them.';
comment on column mart.published_model.test_photo_count is 'How many test photos there were.';
comment on column mart.published_model.sight_photo_count is
'Test photos that show a sight which it names; null: what it shows was not counted, or by an older version.';
comment on column mart.published_model.named_sight_photo_count is
'On how many of them it names such a sight where it stands, from its own thresholds on; null as sight_photo_count.';
comment on column mart.published_model.background_photo_count is
'Test photos without a sight; null: what it shows was not counted.';
comment on column mart.published_model.named_background_photo_count is
'How many of them get a name all the same, from its own thresholds on; null as background_photo_count.';
comment on column mart.published_model.onnx_sha256 is 'What the file must hash to, in hex.';
comment on column mart.published_model.onnx_bytes is 'Size of the file in bytes.';
comment on column mart.published_model.onnx_signature is 'Ed25519 signature over the file, in base64; null: it is not signed.';
comment on column mart.published_model.live_onnx_sha256 is 'The same of the smaller file for phones; null, with the other four, where none is offered.';
comment on column mart.published_model.live_onnx_bytes is 'Size of that file in bytes.';
comment on column mart.published_model.live_image_size is 'Side of the square that it is given, in pixels.';
comment on column mart.published_model.live_map50_95 is 'Its mean average precision over IoU 0.5 to 0.95.';
comment on column mart.published_model.live_onnx_signature is 'Ed25519 signature over that file, in base64; null: it is not signed.';
