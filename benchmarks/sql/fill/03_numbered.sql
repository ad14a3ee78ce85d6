-- Each city has a stretch of the photos; n is the photo's number from 0.
create temporary table numbered as
select
    n,
    sha256(int8send(n)) as sha256,
    (n * %(cities)s / %(photos)s) * %(sights)s + n %% %(sights)s + 1 as sight_id,
    'Q' || (n * %(cities)s / %(photos)s + 1) as city_id,
    %(end_at)s - (n + 1) * interval '1 hour' / %(rate)s as at
from generate_series(0::bigint, %(photos)s - 1) as n
