-- Which of these URLs are handled for the city, and what stands of the labels paid for them.
select
    known.url_sha256,
    bool_or(known.is_rejected or paid_call.call_id is not null) as has_answer,
    max(paid_call.answer #>> '{taken_over,y_axis}') filter (where paid_call.is_taken_over) as y_axis
from (
    select
        photo_source.url_sha256,
        photo_source.sight_id,
        photo_source.sha256,
        false as is_rejected
    from core.photo_source
    where photo_source.url_sha256 = any(%(url_sha256s)s)
    union all
    select
        rejected_photo.url_sha256,
        rejected_photo.sight_id,
        null as sha256,
        true as is_rejected
    from core.rejected_photo
    where rejected_photo.url_sha256 = any(%(url_sha256s)s)
) as known
inner join core.sight on known.sight_id = sight.sight_id
left join core.paid_call
    on
        known.sha256 = paid_call.subject_sha256
        and paid_call.provider = %(provider)s
        and paid_call.feature = %(feature)s
        and paid_call.state in ('reserved', 'succeeded', 'unknown')
where sight.city_id = %(city_id)s
group by known.url_sha256
