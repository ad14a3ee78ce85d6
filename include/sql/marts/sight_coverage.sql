-- Grain: one row per sight; what was dropped, merged or is not sorted yet is none.
-- Counts are as of the last refresh of the facts. A sight is a class of a model from
-- MIN_IMAGE_NUMBER_PER_LABEL labelled photos on; the city keeps the number of its last run.
create view mart.sight_coverage as
select
    sight.sight_id,
    sight.city_id,
    sight.name as sight_name,
    sight.rank,
    activity.photo_count,
    activity.rejected_photo_count,
    activity.labelled_photo_count,
    activity.box_count,
    activity.held_back_count,
    activity.rejected_box_count,
    city.min_image_number_per_label,
    greatest(city.min_image_number_per_label - activity.labelled_photo_count, 0) as missing_photo_count,
    activity.labelled_photo_count >= city.min_image_number_per_label as is_trainable,
    case
        when activity.labelled_photo_count >= city.min_image_number_per_label then null
        when activity.photo_count = 0 then 'no photo was found: crawl it, or give it another name'
        when activity.box_count = 0 and activity.held_back_count = 0 then 'no box was found on its photos: crawl more'
        when
            activity.labelled_photo_count + activity.held_back_count >= city.min_image_number_per_label
            then 'labelled photos are missing, but boxes are held back: review them'
        else 'labelled photos are missing: crawl more'
    end as missing
from core.sight
inner join core.city on sight.city_id = city.city_id
cross join
    lateral (
        select
            coalesce(sum(fact.photos_new), 0)::bigint as photo_count,
            coalesce(sum(fact.photos_rejected), 0)::bigint as rejected_photo_count,
            coalesce(sum(fact.photos_labelled), 0)::bigint as labelled_photo_count,
            coalesce(sum(fact.labels_accepted), 0)::bigint as box_count,
            coalesce(sum(fact.labels_held_back), 0)::bigint as held_back_count,
            coalesce(sum(fact.labels_rejected), 0)::bigint as rejected_box_count
        from mart.sight_activity_hourly_v1 as fact
        where fact.sight_id = sight.sight_id
    ) as activity
where sight.state in ('active', 'retired');

comment on view mart.sight_coverage is 'One row per sight: its photos and boxes, and what it lacks to be trained.';
comment on column mart.sight_coverage.sight_id is 'The sight.';
comment on column mart.sight_coverage.city_id is 'The city.';
comment on column mart.sight_coverage.sight_name is 'Its name on screen.';
comment on column mart.sight_coverage.rank is 'Place in the order of fame, 1 first.';
comment on column mart.sight_coverage.photo_count is 'Distinct photos found for it.';
comment on column mart.sight_coverage.rejected_photo_count is 'Photos found for it and not kept.';
comment on column mart.sight_coverage.labelled_photo_count is 'Photos with an accepted box of it, whatever they were found for.';
comment on column mart.sight_coverage.box_count is 'Accepted boxes of it.';
comment on column mart.sight_coverage.held_back_count is 'Boxes of it that a rule holds back.';
comment on column mart.sight_coverage.rejected_box_count is 'Boxes of it that a person rejected.';
comment on column mart.sight_coverage.min_image_number_per_label is 'Labelled photos that it needs; null before the first run of the city.';
comment on column mart.sight_coverage.missing_photo_count is 'How many of them are missing.';
comment on column mart.sight_coverage.is_trainable is 'Whether none is missing; null before the first run of the city.';
comment on column mart.sight_coverage.missing is 'What is missing and what to do, in words; null if nothing is.';
