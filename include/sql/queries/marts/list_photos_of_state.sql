-- Photos that were found for, show, or were said by people to show sights of one state in a city.
with concerned as (
    select sight.sight_id
    from core.sight
    where
        sight.city_id = %(city_id)s
        and sight.state = %(state)s
)

select photo_source.sha256
from concerned
inner join core.photo_source on concerned.sight_id = photo_source.sight_id
union
select label.sha256
from concerned
inner join core.label on concerned.sight_id = label.sight_id
union
select label.sha256
from concerned
inner join core.label_review on concerned.sight_id = label_review.sight_id
inner join core.label on label_review.label_id = label.label_id;
