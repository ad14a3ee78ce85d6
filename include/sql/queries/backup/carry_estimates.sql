insert into core.spend_estimate
select (jsonb_populate_record(null::core.spend_estimate, carried.content)).*
from carried
where carried.table_name = 'spend_estimate'
