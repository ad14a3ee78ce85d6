create temporary table brought as
select
    sha256(int8send(-%(round)s * 1000000 - n)) as sha256,
    n,
    sight.sight_id,
    sight.city_id,
    %(at)s + n * interval '1 second' as at
from generate_series(1, %(count)s) as n
inner join lateral (
    select sight_id, city_id from core.sight order by (sight_id * 7 + n) %% 10, sight_id limit 1
) as sight on true
