-- severity: fail
-- scope: city
-- A class that is no sight of the dataset cannot be told from the others.
select
    model_scorecard.city_id,
    model_scorecard.model_version,
    model_scorecard.sight_name
from mart.model_scorecard
where
    (%(city_id)s::text is null or model_scorecard.city_id = %(city_id)s)
    and (%(keys)s::text[] is null or model_scorecard.city_id = any(%(keys)s::text[]))
    and model_scorecard.sight_id is null;
