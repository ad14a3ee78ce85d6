-- Grain: one row per sight; what was dropped, merged or is not sorted yet is none.
-- What the labels of a sight are worth, as of the last refresh of the facts; the reasons are as of
-- now, looked up for the sights that are asked for.
create view mart.label_quality as
select
    sight.city_id,
    sight.sight_id,
    sight.name as sight_name,
    activity.answered_photo_count,
    activity.empty_photo_count,
    activity.unmatched_photo_count,
    activity.accepted_count,
    activity.held_back_count,
    activity.rejected_count,
    activity.reviewed_count,
    -- Not a join, so that it costs nothing where nobody asks for it.
    (
        select coalesce(jsonb_object_agg(by_reason.reason, by_reason.box_count), '{}')
        from (
            select
                label.reason,
                count(*) as box_count
            from core.label
            left join lateral (
                select label_review.decision
                from core.label_review
                where label_review.label_id = label.label_id
                order by label_review.recorded_at desc, label_review.review_id desc
                limit 1
            ) as last_review on true
            where
                label.sight_id = sight.sight_id
                and label.state = 'held_back'
                and coalesce(last_review.decision, 'withdraw') = 'withdraw'
            group by label.reason
        ) as by_reason
    ) as held_back_by_reason,
    activity.empty_photo_count::double precision / nullif(activity.answered_photo_count, 0) as empty_share,
    activity.unmatched_photo_count::double precision / nullif(activity.answered_photo_count, 0) as unmatched_share,
    activity.accepted_count::double precision
    / nullif(activity.accepted_count + activity.held_back_count + activity.rejected_count, 0) as accepted_share,
    activity.reviewed_count / (
        select nullif(count(*), 0)::double precision
        from core.label
        where label.sight_id = sight.sight_id
    ) as reviewed_share
from core.sight
cross join
    lateral (
        select
            coalesce(sum(fact.photos_answered), 0)::bigint as answered_photo_count,
            coalesce(sum(fact.photos_empty), 0)::bigint as empty_photo_count,
            coalesce(sum(fact.photos_unmatched), 0)::bigint as unmatched_photo_count,
            coalesce(sum(fact.labels_accepted), 0)::bigint as accepted_count,
            coalesce(sum(fact.labels_held_back), 0)::bigint as held_back_count,
            coalesce(sum(fact.labels_rejected), 0)::bigint as rejected_count,
            coalesce(sum(fact.labels_reviewed), 0)::bigint as reviewed_count
        from mart.sight_activity_hourly_v1 as fact
        where fact.sight_id = sight.sight_id
    ) as activity
where sight.state in ('active', 'retired');

comment on view mart.label_quality is 'One row per sight: what the provider saw on its photos, and what rules and people made of it.';
comment on column mart.label_quality.city_id is 'The city.';
comment on column mart.label_quality.sight_id is 'The sight.';
comment on column mart.label_quality.sight_name is 'Its name on screen.';
comment on column mart.label_quality.answered_photo_count is 'Photos found for it that the provider answered for.';
comment on column mart.label_quality.empty_photo_count is 'Of these, photos without any landmark.';
comment on column mart.label_quality.empty_share is 'Their share, 0 to 1; null without answers.';
comment on column mart.label_quality.unmatched_share is 'Share of the answered photos with landmarks, but none of the city, 0 to 1; null without answers.';
comment on column mart.label_quality.accepted_share is 'Share of its boxes that may train, 0 to 1; null without any.';
comment on column mart.label_quality.reviewed_share is 'Share of the boxes taken for it by the provider that a person decided about, 0 to 1; null without any.';
comment on column mart.label_quality.unmatched_photo_count is 'Of these, photos with landmarks, but none of the city.';
comment on column mart.label_quality.accepted_count is 'Boxes of it that may train.';
comment on column mart.label_quality.held_back_count is 'Boxes of it that a rule holds back.';
comment on column mart.label_quality.rejected_count is 'Boxes of it that a person rejected.';
comment on column mart.label_quality.held_back_by_reason is 'Boxes that a rule holds back by reason, as of now.';
comment on column mart.label_quality.reviewed_count is 'Boxes that the provider took for it and a person decided about.';
