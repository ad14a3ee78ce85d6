-- By version, by contents, or by the run that froze it: whichever parameter is given.
select
    dataset.city_id,
    city.slug,
    dataset.dataset_version,
    dataset.sha256,
    dataset.class_names,
    dataset.sight_ids,
    dataset.train_count,
    dataset.val_count,
    dataset.test_count
from core.dataset
inner join core.city on dataset.city_id = city.city_id
where
    dataset.city_id = %(city_id)s
    and (%(dataset_version)s::integer is null or dataset.dataset_version = %(dataset_version)s)
    and (%(sha256)s::bytea is null or dataset.sha256 = %(sha256)s)
    and (%(dag_id)s::text is null or dataset.dag_id = %(dag_id)s)
    and (%(run_id)s::text is null or dataset.run_id = %(run_id)s)
order by dataset.dataset_version desc
limit 1
