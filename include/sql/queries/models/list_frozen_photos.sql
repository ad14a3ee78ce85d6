-- Every photo that was ever in a dataset of the city: its split is decided for ever, or it is left
-- out. A dataset counts as tried when a model came of it, published or refused. A photo that was taken
-- down still keeps its copies and its bursts on its side: a model may have seen it.
select
    dataset_photo.sha256,
    coalesce(photo.cluster_sha256, removed_photo.cluster_sha256, dataset_photo.sha256) as cluster_sha256,
    min(dataset_photo.split) as split,
    bool_or(model.model_version is not null) as was_tried,
    coalesce(array_agg(distinct link.link_sha256) filter (where link.link_sha256 is not null), '{}') as links
from core.dataset_photo
left join lateral unnest(dataset_photo.link_sha256s) as link (link_sha256) on true
left join core.photo on dataset_photo.sha256 = photo.sha256
left join core.removed_photo on dataset_photo.sha256 = removed_photo.sha256
left join core.model
    on
        dataset_photo.city_id = model.city_id
        and dataset_photo.dataset_version = model.dataset_version
where dataset_photo.city_id = %(city_id)s
group by dataset_photo.sha256, photo.cluster_sha256, removed_photo.cluster_sha256
order by dataset_photo.sha256
