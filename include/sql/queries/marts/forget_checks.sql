-- Checks that are there no more.
with gone as (
    delete from core.check_progress
    where check_progress.check_name <> all(%(check_names)s::text[])
)

delete from core.check_offence
where check_offence.check_name <> all(%(check_names)s::text[]);
