-- In one order, so that two cities that are discovered at once do not lock each other out.
insert into core.wikidata_class (class_id, root_ids, asked_root_ids)
select
    given.class_id,
    given.root_ids,
    %(asked_root_ids)s
from jsonb_to_recordset(%(classes)s) as given (class_id text, root_ids text[])
order by given.class_id
on conflict (class_id) do update
    set
        root_ids = excluded.root_ids,
        asked_root_ids = excluded.asked_root_ids,
        read_at = now()
