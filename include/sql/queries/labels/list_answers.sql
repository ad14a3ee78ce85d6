select
    paid_call.call_id,
    paid_call.subject_sha256,
    paid_call.answer,
    array_agg(distinct photo_source.sight_id) as query_sight_ids
from core.paid_call
inner join core.photo_source on paid_call.subject_sha256 = photo_source.sha256
inner join core.sight on photo_source.sight_id = sight.sight_id
where
    paid_call.provider = %(provider)s
    and paid_call.feature = %(feature)s
    and paid_call.state = 'succeeded'
    and paid_call.call_id > %(after_call_id)s
    and paid_call.answer -> 'response' ? 'landmark_annotations'
    and sight.city_id = %(city_id)s
group by paid_call.call_id
order by paid_call.call_id
limit %(most)s;
