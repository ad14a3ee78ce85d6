-- severity: fail
-- scope: photo
-- Every pixel is accountable: no photo trains for a city that does not know where it was found (each
-- find has a licence, by a constraint).
-- From the boxes, since these are what makes a photo train: counting them first would cost more.
select distinct
    accepted_label.city_id,
    accepted_label.sha256
from mart.accepted_label
where
    (%(city_id)s::text is null or accepted_label.city_id = %(city_id)s)
    and (%(keys)s::bytea[] is null or accepted_label.sha256 = any(%(keys)s::bytea[]))
    and not exists (
        select 1
        from core.photo_source
        inner join core.sight on photo_source.sight_id = sight.sight_id
        where
            sight.city_id = accepted_label.city_id
            and photo_source.sha256 = accepted_label.sha256
    );
