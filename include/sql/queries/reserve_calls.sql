with asked as (
    select
        asked.subject_sha256,
        asked.turn
    from unnest(%(subjects)s::bytea[]) with ordinality as asked (subject_sha256, turn)
),

spent as (
    select
        coalesce(sum(paid_call.unit_count) filter (where paid_call.city_id = %(city_id)s), 0) as by_city,
        coalesce(
            sum(paid_call.unit_count) filter (
                where paid_call.dag_id = %(dag_id)s and paid_call.run_id = %(run_id)s
            ),
            0
        ) as by_run,
        coalesce(
            sum(paid_call.unit_count) filter (where paid_call.reserved_at >= date_trunc('month', now())), 0
        ) as this_month
    from core.paid_call
    where
        paid_call.provider = %(provider)s
        and paid_call.feature = %(feature)s
        and paid_call.state in ('reserved', 'succeeded', 'unknown')
        -- What the first SightScan paid is no part of this budget.
        and not paid_call.is_taken_over
),

earlier as (
    select
        paid_call.subject_sha256,
        max(paid_call.attempt) as attempt,
        bool_or(paid_call.state <> 'failed') as is_standing
    from core.paid_call
    inner join asked on paid_call.subject_sha256 = asked.subject_sha256
    where
        paid_call.provider = %(provider)s
        and paid_call.feature = %(feature)s
    group by paid_call.subject_sha256
),

payable as (
    select
        asked.subject_sha256,
        coalesce(earlier.attempt, 0) + 1 as attempt,
        row_number() over (order by asked.turn) as turn
    from asked
    left join earlier on asked.subject_sha256 = earlier.subject_sha256
    where not coalesce(earlier.is_standing, false)
)

insert into core.paid_call (
    provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, price_usd
)
select
    %(provider)s,
    %(feature)s,
    payable.subject_sha256,
    payable.attempt,
    %(city_id)s,
    %(dag_id)s,
    %(run_id)s,
    case
        when spent.this_month + payable.turn <= %(free_units_per_month)s then 0
        else %(usd_per_unit)s
    end as price_usd
from payable
cross join spent
where
    payable.turn <= %(cap)s - spent.by_city
    and (%(run_cap)s::bigint is null or payable.turn <= %(run_cap)s::bigint - spent.by_run)
order by payable.subject_sha256
on conflict do nothing
returning call_id, subject_sha256;
