-- How many photos of each split show a class of a dataset, and how many boxes it has there.
select
    dataset_box.class_number,
    dataset_photo.split,
    count(distinct dataset_photo.sha256)::integer as photo_count,
    count(*)::integer as box_count
from core.dataset_photo
inner join core.dataset_box
    on
        dataset_photo.city_id = dataset_box.city_id
        and dataset_photo.dataset_version = dataset_box.dataset_version
        and dataset_photo.sha256 = dataset_box.sha256
where
    dataset_photo.city_id = %(city_id)s
    and dataset_photo.dataset_version = %(dataset_version)s
group by dataset_box.class_number, dataset_photo.split
order by dataset_box.class_number, dataset_photo.split
