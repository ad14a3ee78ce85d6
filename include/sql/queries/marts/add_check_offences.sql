insert into core.check_offence (check_name, key)
select
    %(check_name)s as check_name,
    bad.key
from unnest(%(keys)s::text[]) as bad (key)
order by bad.key
on conflict (check_name, key) do nothing;
