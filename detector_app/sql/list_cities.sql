-- The cities that the app can name, with the model in place for each (nulls where there is none).
-- A city that is retired is left out, unless its detector still works; one that was asked for and is
-- not let in says so by its stage.
select
    city_overview.city_slug,
    city_overview.city_name,
    city_overview.country,
    city_overview.sight_count,
    city_overview.photo_count,
    city_overview.labelled_photo_count,
    request.vote_count,
    request.reason,
    published_model.model_version,
    published_model.published_at,
    published_model.class_names,
    published_model.image_size,
    published_model.onnx_sha256,
    published_model.onnx_bytes,
    published_model.map50,
    published_model.map50_95,
    published_model.test_photo_count,
    case
        when city_overview.state in ('waiting', 'refused') then city_overview.state
        else city_overview.stage
    end as stage
from mart.city_overview
left join mart.published_model
    on city_overview.city_slug = published_model.city_slug
cross join
    lateral (
        select
            coalesce(sum(city_request.vote_count), 0)::integer as vote_count,
            max(city_request.reason) as reason
        from mart.city_request
        where
            city_request.city_slug = city_overview.city_slug
            and city_request.stage = 'resolved'
    ) as request
where
    city_overview.state in ('active', 'waiting', 'refused')
    or published_model.model_version is not null
order by city_overview.city_name, city_overview.city_slug
