-- Always at least one row: which caps left some out, beside what was reserved, if anything.
with asked as (
    select
        asked.subject_sha256,
        asked.turn
    from unnest(%(subjects)s::bytea[]) with ordinality as asked (subject_sha256, turn)
),

-- One sum for each cap, each from its own index. What counts is what stands, and images that were
-- sent and refused; what the first SightScan paid is in no budget.
spent as (
    select
        (
            select coalesce(sum(ledger_entry.unit_count), 0)
            from core.ledger_entry
            where
                ledger_entry.city_id = %(city_id)s
                and ledger_entry.provider = %(provider)s
                and ledger_entry.feature = %(feature)s
                and ledger_entry.counts_against_cap
        ) as by_city,
        (
            select coalesce(sum(ledger_entry.unit_count), 0)
            from core.ledger_entry
            where
                coalesce(%(run_cap)s::bigint, %(estimate_cap)s::bigint) is not null
                and ledger_entry.dag_id = %(dag_id)s
                and ledger_entry.run_id = %(run_id)s
                and ledger_entry.provider = %(provider)s
                and ledger_entry.feature = %(feature)s
                and ledger_entry.counts_against_cap
        ) as by_run,
        (
            select coalesce(sum(ledger_entry.unit_count), 0)
            from core.ledger_entry
            where
                ledger_entry.provider = %(provider)s
                and ledger_entry.feature = %(feature)s
                and ledger_entry.reserved_at >= date_trunc('month', now(), 'UTC')
                and ledger_entry.counts_against_cap
        ) as this_month,
        (
            select coalesce(sum(ledger_entry.unit_count), 0)
            from core.ledger_entry
            where
                ledger_entry.provider = %(provider)s
                and ledger_entry.feature = %(feature)s
                and ledger_entry.reserved_at >= date_trunc('month', now(), 'UTC')
                and ledger_entry.is_billed
        ) as billed_this_month,
        (
            -- A sum over all calls would hold the lock too long: older ones were counted before.
            select %(counted_units)s::bigint + coalesce(sum(ledger_entry.unit_count), 0)
            from core.ledger_entry
            where
                %(total_cap)s::bigint is not null
                and ledger_entry.provider = %(provider)s
                and ledger_entry.feature = %(feature)s
                and ledger_entry.call_id > %(counted_until_call_id)s
                and ledger_entry.counts_against_cap
        ) as in_all
),

earlier as (
    select
        paid_call.subject_sha256,
        max(paid_call.attempt) as attempt,
        bool_or(paid_call.state <> 'failed' and paid_call.resend_allowed_at is null) as is_standing
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
),

-- What each cap leaves; null: there is no such cap.
room as (
    select
        'city' as cap_name,
        %(city_cap)s::bigint - spent.by_city as units
    from spent
    union all
    select
        'run' as cap_name,
        %(run_cap)s::bigint - spent.by_run as units
    from spent
    union all
    select
        'estimate' as cap_name,
        %(estimate_cap)s::bigint - spent.by_run as units
    from spent
    union all
    select
        'month' as cap_name,
        %(month_cap)s::bigint - spent.this_month as units
    from spent
    union all
    select
        'in_all' as cap_name,
        %(total_cap)s::bigint - spent.in_all as units
    from spent
),

limits as (
    select
        min(room.units) as units,
        coalesce(
            array_agg(room.cap_name order by room.units, room.cap_name)
            filter (where room.units < (select count(*) from payable)),
            '{}'
        ) as stopped_by
    from room
),

reserved as (
    insert into core.paid_call (
        provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, price_usd, sent_at
    )
    select
        %(provider)s,
        %(feature)s,
        payable.subject_sha256,
        payable.attempt,
        %(city_id)s,
        %(dag_id)s,
        %(run_id)s,
        -- The last step of the price list that begins below this unit of the month.
        (
            select step.usd_per_unit
            from
                unnest(%(steps_above_units)s::bigint[], %(steps_usd)s::numeric[])
                    as step (above_units, usd_per_unit)
            where step.above_units < spent.billed_this_month + payable.turn
            order by step.above_units desc
            limit 1
        ) as price_usd,
        case when %(is_marked_when_sent)s then null else clock_timestamp() end as sent_at
    from payable
    cross join spent
    cross join limits
    where payable.turn <= limits.units
    order by payable.subject_sha256
    on conflict do nothing
    returning paid_call.call_id, paid_call.subject_sha256
)

select
    limits.stopped_by,
    reserved.call_id,
    reserved.subject_sha256
from limits
left join reserved on true;
