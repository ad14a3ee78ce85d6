-- Grain: one row per sight; what was dropped, merged or is not sorted yet is none.
-- What the labels of a sight are worth. Boxes by state are as of the last refresh of the facts; the
-- rest is looked up for the sights that are asked for, so ask for one city.
create view mart.label_quality as
select
    sight.city_id,
    sight.sight_id,
    sight.name as sight_name,
    photos.answered_photo_count,
    photos.empty_photo_count,
    photos.unmatched_photo_count,
    boxes.accepted_count,
    boxes.held_back_count,
    boxes.rejected_count,
    reasons.held_back_by_reason,
    reviews.reviewed_count,
    photos.empty_photo_count::double precision / nullif(photos.answered_photo_count, 0) as empty_share
from core.sight
cross join
    lateral ( -- noqa: ST05
        with found as (
            select distinct photo_source.sha256
            from core.photo_source
            where photo_source.sight_id = sight.sight_id
        )

        select
            count(*) as answered_photo_count,
            count(*) filter (where seen.is_matched is null) as empty_photo_count,
            count(*) filter (where not seen.is_matched) as unmatched_photo_count
        from found
        cross join
            lateral (
                select bool_or(label.state <> 'unmatched') as is_matched
                from core.label
                where
                    label.city_id = sight.city_id
                    and label.sha256 = found.sha256
            ) as seen
        where
            exists (
                select 1
                from core.paid_call
                where
                    paid_call.provider = 'google_vision'
                    and paid_call.feature = 'landmark_detection'
                    and paid_call.subject_sha256 = found.sha256
                    and paid_call.state = 'succeeded'
            )
    ) as photos
cross join
    lateral (
        select
            coalesce(sum(fact.labels_accepted), 0)::bigint as accepted_count,
            coalesce(sum(fact.labels_held_back), 0)::bigint as held_back_count,
            coalesce(sum(fact.labels_rejected), 0)::bigint as rejected_count
        from mart.sight_activity_hourly_v1 as fact
        where fact.sight_id = sight.sight_id
    ) as boxes
cross join
    lateral ( -- noqa: ST05
        with by_reason as (
            select
                label.reason,
                count(*) as box_count
            from core.label
            where
                label.sight_id = sight.sight_id
                and label.state = 'held_back'
            group by label.reason
        )

        select coalesce(jsonb_object_agg(by_reason.reason, by_reason.box_count), '{}') as held_back_by_reason
        from by_reason
    ) as reasons
cross join
    lateral (
        select count(*) as reviewed_count
        from core.label
        where
            label.sight_id = sight.sight_id
            and exists (
                select 1 from core.label_review
                where label_review.label_id = label.label_id
            )
    ) as reviews
where sight.state in ('active', 'retired');

comment on view mart.label_quality is 'One row per sight: what the provider saw on its photos, and what rules and people made of it.';
comment on column mart.label_quality.city_id is 'The city.';
comment on column mart.label_quality.sight_id is 'The sight.';
comment on column mart.label_quality.sight_name is 'Its name on screen.';
comment on column mart.label_quality.answered_photo_count is 'Photos found for it that the provider answered for.';
comment on column mart.label_quality.empty_photo_count is 'Of these, photos without any landmark.';
comment on column mart.label_quality.empty_share is 'Their share, 0 to 1; null without answers.';
comment on column mart.label_quality.unmatched_photo_count is 'Of these, photos with landmarks, but none of the city.';
comment on column mart.label_quality.accepted_count is 'Boxes of it that may train.';
comment on column mart.label_quality.held_back_count is 'Boxes of it that a rule holds back.';
comment on column mart.label_quality.rejected_count is 'Boxes of it that a person rejected.';
comment on column mart.label_quality.held_back_by_reason is 'Boxes that a rule held back by reason, reviewed or not.';
comment on column mart.label_quality.reviewed_count is 'Boxes that the provider took for it and a person decided about.';
