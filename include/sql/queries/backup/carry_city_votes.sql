-- Who was counted: else who asks again would be counted again.
insert into core.city_vote
select (jsonb_populate_record(null::core.city_vote, carried.content)).*
from carried
where carried.table_name = 'city_vote'
on conflict do nothing
