-- What people decided since: a city that was retired does not spend again.
update core.city
set state = carried.content ->> 'state'
from carried
where
    carried.table_name = 'city'
    and city.city_id = carried.content ->> 'city_id'
    and city.state <> carried.content ->> 'state'
