insert into core.dataset (
    city_id, dataset_version, sha256, class_names, sight_ids, sights,
    train_count, val_count, test_count,
    train_background_count, val_background_count, test_background_count,
    dag_id, run_id
)
select
    %(city_id)s as city_id,
    coalesce(max(dataset.dataset_version), 0) + 1 as dataset_version,
    %(sha256)s as sha256,
    %(class_names)s::text[] as class_names,
    %(sight_ids)s::bigint[] as sight_ids,
    %(sights)s as sights,
    %(train_count)s as train_count,
    %(val_count)s as val_count,
    %(test_count)s as test_count,
    %(train_background_count)s as train_background_count,
    %(val_background_count)s as val_background_count,
    %(test_background_count)s as test_background_count,
    %(dag_id)s as dag_id,
    %(run_id)s as run_id
from core.dataset
where dataset.city_id = %(city_id)s
returning dataset_version
