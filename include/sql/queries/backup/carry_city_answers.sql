-- By what askers' pages find their answers; of two, the one to what was asked last.
insert into core.city_answer
select (jsonb_populate_record(null::core.city_answer, carried.content)).*
from carried
where carried.table_name = 'city_answer'
on conflict (request_id) do update
    set
        answered_by = excluded.answered_by,
        asked_at = excluded.asked_at
    where city_answer.asked_at < excluded.asked_at
