-- Labels that wait for a person, of active cities, and since when the first does.
select
    count(*) as waiting_count,
    min(label.recorded_at) as waits_since
from mart.label_to_review
inner join core.label on label_to_review.label_id = label.label_id
inner join core.city on label_to_review.city_id = city.city_id
where
    label_to_review.kind in ('held_back', 'uncertain')
    and city.state = 'active'
