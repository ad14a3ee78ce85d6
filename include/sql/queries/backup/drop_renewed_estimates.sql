-- Estimates that both have are taken as they are in the warehouse that is replaced.
delete from core.spend_estimate
using carried
where
    carried.table_name = 'spend_estimate'
    and spend_estimate.dag_id = carried.content ->> 'dag_id'
    and spend_estimate.run_id = carried.content ->> 'run_id'
