-- What visitors are told about the sights of a city's model in place, and how well it finds each.
select
    class.name as class_name,
    sight_card.latitude,
    sight_card.longitude,
    sight_card.descriptions,
    sight_card.articles,
    sight_card.since_year,
    sight_card.since_precision,
    sight_card.height_meters,
    sight_card.view_meters,
    sight_card.photo_sha256,
    sight_card.photo_page_url,
    sight_card.photo_author,
    sight_card.photo_licence,
    sight_card.photo_licence_url,
    model_scorecard.ap50_95
from mart.published_model
cross join
    lateral unnest(published_model.class_names, published_model.sight_ids)
        as class (name, sight_id)
left join mart.sight_card
    on
        published_model.city_id = sight_card.city_id
        and class.sight_id = sight_card.sight_id
left join mart.model_scorecard
    on
        published_model.city_id = model_scorecard.city_id
        and published_model.model_version = model_scorecard.model_version
        and class.sight_id = model_scorecard.sight_id
where published_model.city_slug = %(city_slug)s
order by class.sight_id
