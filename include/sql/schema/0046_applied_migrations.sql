-- Whoever runs the pipeline may know which migrations its warehouse has; the table itself is its owner's.
create view core.applied_migration as
select
    schema_migration.name,
    schema_migration.applied_at
from public.schema_migration;
comment on view core.applied_migration is 'The migrations that this warehouse has, and `marts`: the views as they were created last.';
comment on column core.applied_migration.name is 'Name of the file, without its ending.';
comment on column core.applied_migration.applied_at is 'When it was applied.';
grant select on core.applied_migration to sightscan_pipeline, sightscan_analyst;
