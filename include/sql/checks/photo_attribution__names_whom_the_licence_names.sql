-- severity: warn
-- scope: photo
-- A licence with attribution (CC BY and its kin, such as cc-by-sa-4.0) cannot be kept where the author is not known.
select
    photo_attribution.city_id,
    photo_attribution.sha256,
    photo_attribution.url,
    photo_attribution.licence
from mart.photo_attribution
where
    (%(city_id)s::text is null or photo_attribution.city_id = %(city_id)s)
    and (%(keys)s::bytea[] is null or photo_attribution.sha256 = any(%(keys)s::bytea[]))
    and photo_attribution.licence ~* '^cc[ -]by'
    and coalesce(photo_attribution.author, '') = '';
