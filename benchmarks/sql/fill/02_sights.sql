insert into core.sight (sight_id, city_id, wikidata_id, name, normalised_name, rank, recorded_at)
overriding system value
select (c - 1) * %(sights)s + s, 'Q' || c, 'Q' || (c * 1000 + s), 'Sight ' || s, 'sight ' || s, s,
    %(end_at)s - interval '1 day'
from generate_series(1, %(cities)s) as c, generate_series(1, %(sights)s) as s
