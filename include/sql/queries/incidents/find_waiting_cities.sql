-- Cities that were asked for and wait for a person, and since when the first does.
select
    count(*) as waiting_count,
    min(city.recorded_at) as waits_since
from core.city
where city.state = 'waiting'
