-- severity: fail
-- scope: dataset
-- Else a model is judged by photos that it has learnt, or by others of the same moment. Of the newest
-- dataset of a city, by what bound its photos when it was frozen: what is found to be linked later
-- leaves training at the next freeze. Each photo that judges, once.
with newest as (
    select distinct on (dataset.city_id)
        dataset.city_id,
        dataset.dataset_version
    from core.dataset
    where %(city_id)s::text is null or dataset.city_id = %(city_id)s
    order by dataset.city_id asc, dataset.dataset_version desc
),

linked as (
    select
        newest.city_id,
        newest.dataset_version,
        dataset_photo.split,
        dataset_photo.sha256,
        link.link_sha256
    from newest
    inner join core.dataset_photo
        on
            newest.city_id = dataset_photo.city_id
            and newest.dataset_version = dataset_photo.dataset_version
    cross join lateral unnest(dataset_photo.link_sha256s) as link (link_sha256)
    where
        %(keys)s::text[] is null
        or newest.city_id || '/' || newest.dataset_version = any(%(keys)s::text[])
)

select distinct
    judging.city_id,
    judging.dataset_version,
    judging.split,
    judging.sha256,
    other.split as other_split
from linked as judging
inner join linked as other
    on
        judging.city_id = other.city_id
        and judging.link_sha256 = other.link_sha256
        and judging.split <> other.split
where judging.split = 'test' or (judging.split = 'val' and other.split = 'train');
