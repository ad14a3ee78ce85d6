select
    city_decision.decision,
    city_decision.reason
from core.city_decision
where city_decision.city_id = %(city_id)s
order by city_decision.decided_at desc, city_decision.decision_id desc
limit 1
