-- The cities that the app can name, with the model in place for each (nulls where there is none).
-- A city that is retired is left out, unless its detector still works; those that were asked for and
-- not let in say so by their stage, the hundred that most people asked for.
with request as (
    select
        city_request.city_slug,
        sum(city_request.vote_count)::integer as vote_count,
        max(city_request.reason) as reason,
        max(city_request.standing) as standing
    from mart.city_request
    where
        city_request.stage = 'resolved'
        and city_request.standing in ('waiting', 'refused')
    group by city_request.city_slug
    order by vote_count desc, city_request.city_slug asc
    limit 100
)

select
    city_overview.city_id,
    city_overview.city_slug,
    city_overview.city_name,
    city_overview.country,
    city_overview.names,
    city_overview.latitude,
    city_overview.longitude,
    city_overview.sight_count,
    city_overview.photo_count,
    city_overview.labelled_photo_count,
    request.reason,
    published_model.model_version,
    published_model.published_at,
    published_model.class_names,
    published_model.image_size,
    published_model.onnx_sha256,
    published_model.onnx_bytes,
    published_model.onnx_signature,
    published_model.live_onnx_sha256,
    published_model.live_onnx_bytes,
    published_model.live_image_size,
    published_model.live_map50_95,
    published_model.live_onnx_signature,
    published_model.map50,
    published_model.map50_95,
    published_model.test_photo_count,
    published_model.sight_photo_count,
    published_model.named_sight_photo_count,
    published_model.background_photo_count,
    published_model.named_background_photo_count,
    coalesce(request.standing, city_overview.stage) as stage,
    coalesce(request.vote_count, 0) as vote_count
from mart.city_overview
left join mart.published_model
    on city_overview.city_slug = published_model.city_slug
left join request
    on city_overview.city_slug = request.city_slug
where
    city_overview.state = 'active'
    or published_model.model_version is not null
    or request.city_slug is not null
order by city_overview.city_name, city_overview.city_slug
