-- The photos of a dataset by licence, each once by where it was found first; no licence: it was taken
-- down since, and with it whom it is by.
select
    first_source.licence,
    count(*)::integer as photo_count,
    count(distinct first_source.author)::integer as author_count,
    (count(*) filter (where first_source.author is null))::integer as unnamed_count
from core.dataset_photo
left join lateral (
    select
        photo_source.licence,
        nullif(btrim(photo_source.author), '') as author
    from core.photo_source
    where photo_source.sha256 = dataset_photo.sha256
    order by photo_source.recorded_at, photo_source.url_sha256, photo_source.sight_id
    limit 1
) as first_source on true
where
    dataset_photo.city_id = %(city_id)s
    and dataset_photo.dataset_version = %(dataset_version)s
group by first_source.licence
order by photo_count desc, first_source.licence asc nulls last
