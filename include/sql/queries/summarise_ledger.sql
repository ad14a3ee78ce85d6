-- A city's calls by what became of them; calls that may be sent again are a line of their own.
select
    case
        when paid_call.is_taken_over then 'taken over'
        when paid_call.resend_allowed_at is not null then 'unknown, may be sent again'
        when paid_call.state = 'unknown' then 'unknown, not sent again'
        else paid_call.state
    end as state,
    sum(paid_call.unit_count)::bigint as units,
    coalesce(sum(paid_call.price_usd) filter (where paid_call.state <> 'failed'), 0)::double precision as usd
from core.paid_call
where
    paid_call.city_id = %(city_id)s
    and paid_call.provider = %(provider)s
    and paid_call.feature = %(feature)s
group by 1
order by 1;
