-- The snapshot that DAG parsing reads knows the registry by it.
update core.registry
set registry_id = (carried.content ->> 'registry_id')::uuid
from carried
where
    carried.table_name = 'registry'
    and registry.registry_id <> (carried.content ->> 'registry_id')::uuid
