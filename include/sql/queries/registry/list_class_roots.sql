-- Classes of which the answer is known: about all roots that matter, and not too long ago.
select
    class_id,
    root_ids
from core.wikidata_class
where
    class_id = any(%(class_ids)s)
    and asked_root_ids @> %(root_ids)s::text[]
    and read_at > now() - make_interval(days => %(max_age_days)s)
