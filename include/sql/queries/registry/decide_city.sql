-- A city that is decided about, if it still stands as whoever decides has seen it.
with decided as (
    update core.city
    set state = case %(decision)s when 'refused' then 'refused' else 'active' end
    where city.city_id = %(city_id)s and city.state = any(%(from_states)s)
    returning city.city_id
)

insert into core.city_decision (city_id, decision, decided_by, reason, most_usd)
select
    decided.city_id,
    %(decision)s,
    %(decided_by)s,
    %(reason)s,
    %(most_usd)s
from decided
returning city_decision.decision_id
