-- What was noted before goes: a city that was decided about waits for nothing.
with gone as (
    delete from core.city_wait
    where not city_wait.city_id = any(%(city_ids)s::text[])
)

insert into core.city_wait (city_id, waits_for, most_usd, probable_usd)
select
    wait.city_id,
    wait.waits_for,
    wait.most_usd,
    wait.probable_usd
from
    unnest(
        %(city_ids)s::text[],
        %(waits_for)s::text[],
        %(most_usd)s::double precision[],
        %(probable_usd)s::double precision[]
    )
        as wait (city_id, waits_for, most_usd, probable_usd)
on conflict (city_id) do update
    set
        waits_for = excluded.waits_for,
        most_usd = excluded.most_usd,
        probable_usd = excluded.probable_usd,
        noted_at = now()
