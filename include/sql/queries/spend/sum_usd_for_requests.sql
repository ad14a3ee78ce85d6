-- What the monthly budget for requests is used up by: each city that it let in counts with what it has
-- cost this month and its run under way may still cost; until its first run has ended, with the most that
-- was promised (for two weeks at least: runs begin on Mondays). A person's approval takes a city off this budget.
with newest as (
    select distinct on (city_decision.city_id)
        city_decision.city_id,
        city_decision.decision,
        city_decision.most_usd,
        city_decision.decided_at
    from core.city_decision
    order by city_decision.city_id asc, city_decision.decided_at desc, city_decision.decision_id desc
),

let_in as (
    select
        newest.city_id,
        case
            when
                newest.decided_at >= least(date_trunc('month', now(), 'UTC'), now() - interval '14 days')
                and not exists (
                    select 1 from core.spend_estimate
                    where
                        spend_estimate.city_id = newest.city_id
                        and spend_estimate.refusal is null
                        and spend_estimate.ended_at is not null
                )
                then newest.most_usd
            else 0
        end as promised_usd
    from newest
    where newest.decision = 'let_in'
),

used as (
    select
        let_in.city_id,
        greatest(let_in.promised_usd, calls.usd + sessions.usd + under_way.usd) as usd,
        calls.usd + sessions.usd as spent_usd
    from let_in
    cross join
        lateral (
            select coalesce(sum(ledger_entry.price_usd), 0) as usd
            from core.ledger_entry
            where
                ledger_entry.city_id = let_in.city_id
                and ledger_entry.reserved_at >= date_trunc('month', now(), 'UTC')
                and ledger_entry.is_billed
        ) as calls
    cross join
        lateral (
            select coalesce(sum(session_cost.cost_this_month_usd), 0) as usd
            from core.session_cost
            where session_cost.city_id = let_in.city_id
        ) as sessions
    cross join
        lateral (
            select coalesce(sum(spend_under_way.left_usd), 0) as usd
            from core.spend_under_way
            where spend_under_way.city_id = let_in.city_id
        ) as under_way
)

select
    coalesce(sum(used.usd) filter (where used.city_id <> %(city_id)s), 0)::double precision as others_usd,
    coalesce(sum(used.spent_usd) filter (where used.city_id = %(city_id)s), 0)::double precision as own_usd,
    coalesce(bool_or(used.city_id = %(city_id)s), false) as is_let_in
from used;
