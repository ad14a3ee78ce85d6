-- What an older version's requests lack must not be null.
insert into core.city_request
select (
    jsonb_populate_record(
        null::core.city_request,
        jsonb_build_object('choices', '[]'::jsonb) || carried.content
    )
).*
from carried
where carried.table_name = 'city_request'
on conflict (request_id) do update
    set vote_count = greatest(city_request.vote_count, excluded.vote_count)
