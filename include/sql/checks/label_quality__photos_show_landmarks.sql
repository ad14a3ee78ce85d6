-- severity: warn
-- scope: city
-- Where nine answers of ten name no landmark, the search term is wrong or the sight is unknown to
-- the provider: give it other names, or take it off, before more is paid.
select
    label_quality.city_id,
    label_quality.sight_name,
    label_quality.answered_photo_count,
    label_quality.empty_share
from mart.label_quality
where
    (%(city_id)s::text is null or label_quality.city_id = %(city_id)s)
    and (%(keys)s::text[] is null or label_quality.city_id = any(%(keys)s::text[]))
    and label_quality.answered_photo_count >= 10
    and label_quality.empty_share > 0.9;
