insert into core.city_decision overriding user value
select (jsonb_populate_record(null::core.city_decision, carried.content)).*
from carried
where
    carried.table_name = 'city_decision'
    and not exists (
        select 1 from core.city_decision
        where
            city_decision.city_id = carried.content ->> 'city_id'
            and city_decision.decided_at = (carried.content ->> 'decided_at')::timestamptz
    )
