-- Up to an hour ago: whoever reserves is done with it long before, so nothing is missing; and what
-- was reserved by then can only become less.
select
    now() - interval '1 hour' as until_at,
    coalesce(sum(paid_call.unit_count), 0)::bigint as units
from core.paid_call
where
    paid_call.provider = %(provider)s
    and paid_call.feature = %(feature)s
    and paid_call.reserved_at < now() - interval '1 hour'
    and (paid_call.state <> 'failed' or (paid_call.sent_at is not null and paid_call.answer is not null))
    and not paid_call.is_taken_over;
