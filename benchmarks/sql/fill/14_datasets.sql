-- A tenth of each city's photos are frozen, and its model is in place. Its file is a few bytes.
insert into core.dataset (
    city_id, dataset_version, sha256, class_names, sight_ids, train_count, val_count, test_count,
    dag_id, run_id, recorded_at
)
select
    city_id, 1, sha256(city_id::bytea), array_agg(name order by sight_id),
    array_agg(sight_id order by sight_id), 80, 10, 10, 'd', city_id, %(end_at)s - interval '1 day'
from core.sight
group by city_id
