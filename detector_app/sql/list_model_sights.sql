-- How well each sight of a version is found.
select
    model_scorecard.sight_name,
    model_scorecard.is_shown,
    model_scorecard.ap50,
    model_scorecard.ap50_95,
    model_scorecard.test_photo_count
from mart.model_scorecard
where
    model_scorecard.city_slug = %(city_slug)s
    and model_scorecard.model_version = %(model_version)s
order by model_scorecard.ap50 desc nulls last, model_scorecard.sight_name asc
