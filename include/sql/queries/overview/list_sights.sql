-- The sights of a city, the most famous first: photos and labels as of the last refresh of the facts, labels that
-- a person decided about as of now; test photos in the newest dataset, average precision of the model in place.
with last_dataset as (
    select
        dataset.city_id,
        dataset.dataset_version,
        dataset.sight_ids
    from core.dataset
    where dataset.city_id = %(city_id)s
    order by dataset.dataset_version desc
    limit 1
),

test as (
    select
        last_dataset.sight_ids[dataset_box.class_number + 1] as sight_id,
        count(distinct dataset_box.sha256) as photo_count
    from last_dataset
    inner join core.dataset_photo
        on
            last_dataset.city_id = dataset_photo.city_id
            and last_dataset.dataset_version = dataset_photo.dataset_version
            and dataset_photo.split = 'test'
    inner join core.dataset_box
        on
            dataset_photo.city_id = dataset_box.city_id
            and dataset_photo.dataset_version = dataset_box.dataset_version
            and dataset_photo.sha256 = dataset_box.sha256
    group by last_dataset.sight_ids[dataset_box.class_number + 1]
),

reviewed as (
    select
        decided_label.sight_id,
        count(*) as label_count
    from mart.decided_label
    where
        decided_label.city_id = %(city_id)s
        and decided_label.review in ('accept', 'reject', 'rename', 'no_sight')
    group by decided_label.sight_id
)

select
    sight_coverage.sight_id,
    sight_coverage.sight_name as name,
    sight_coverage.photo_count,
    sight_coverage.labelled_photo_count,
    sight_coverage.box_count,
    sight_coverage.held_back_count,
    sight_coverage.min_image_number_per_label,
    sight_coverage.missing,
    last_dataset.dataset_version,
    model_scorecard.model_version,
    model_scorecard.ap50,
    model_scorecard.is_shown,
    coalesce(reviewed.label_count, 0) as reviewed_count,
    case when last_dataset.dataset_version is not null then coalesce(test.photo_count, 0) end as test_photo_count
from mart.sight_coverage
left join last_dataset on sight_coverage.city_id = last_dataset.city_id
left join test on sight_coverage.sight_id = test.sight_id
left join reviewed on sight_coverage.sight_id = reviewed.sight_id
left join mart.model_scorecard
    on
        sight_coverage.city_id = model_scorecard.city_id
        and sight_coverage.sight_id = model_scorecard.sight_id
        and model_scorecard.is_in_place
where sight_coverage.city_id = %(city_id)s
order by sight_coverage.rank, sight_coverage.sight_id
