-- Cities in these states with who asked for them, by demand, then the oldest first; and what was decided
-- last. The names as typed are some of them.
select
    city.city_id,
    asked.vote_count,
    asked.first_asked_at,
    asked.last_asked_at,
    asked.names as asked_names,
    decision.decision,
    decision.decided_by,
    decision.reason,
    decision.decided_at
from core.city
cross join
    lateral (
        select
            coalesce(sum(city_request.vote_count) filter (where city_request.stage = 'resolved'), 0)::integer as vote_count,
            min(city_request.asked_at) as first_asked_at,
            max(city_request.asked_at) as last_asked_at,
            coalesce((array_agg(distinct city_request.asked_name))[1:5], '{}') as names
        from core.city_request
        where city_request.city_id = city.city_id
    ) as asked
left join
    lateral (
        select
            city_decision.decision,
            city_decision.decided_by,
            city_decision.reason,
            city_decision.decided_at
        from core.city_decision
        where city_decision.city_id = city.city_id
        order by city_decision.decided_at desc, city_decision.decision_id desc
        limit 1
    ) as decision
    on true
where city.state = any(%(states)s)
order by asked.vote_count desc, coalesce(asked.first_asked_at, city.recorded_at) asc, city.city_id asc
limit %(most)s
