select
    label.state,
    label.reason,
    count(*) as label_count
from core.label
inner join core.paid_call on label.call_id = paid_call.call_id
where
    label.city_id = %(city_id)s
    and paid_call.is_taken_over
group by label.state, label.reason
order by label.state, label.reason
