-- Notes of backups and of their trials from before a moment, but the last of each, and the last trial that
-- passed: its backup is kept.
with old_drills as (
    delete from core.restore_drill
    where
        restore_drill.finished_at < %(before)s
        and restore_drill.drill_id < (select max(last.drill_id) from core.restore_drill as last)
        and restore_drill.drill_id is distinct from (
            select max(passed.drill_id)
            from core.restore_drill as passed
            where passed.problem is null
        )
    returning 1
),

old_backups as (
    delete from core.backup
    where
        backup.finished_at < %(before)s
        and backup.backup_id < (select max(last.backup_id) from core.backup as last)
    returning 1
)

select
    (select count(*) from old_backups) as backup_count,
    (select count(*) from old_drills) as drill_count
