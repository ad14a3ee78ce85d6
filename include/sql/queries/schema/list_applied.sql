select applied_migration.name
from core.applied_migration
order by applied_migration.name
