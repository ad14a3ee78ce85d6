-- The photos of a city with their boxes: what a dataset can be made of.
select
    trainable_photo.sha256,
    trainable_photo.cluster_sha256,
    trainable_photo.media_type,
    jsonb_agg(
        jsonb_build_array(
            accepted_label.sight_id,
            accepted_label.x1, accepted_label.y1, accepted_label.x2, accepted_label.y2
        )
        -- The surest first: of two boxes of one sight in one place, it is the one that stays.
        order by accepted_label.score desc, accepted_label.label_id asc
    ) as boxes
from mart.trainable_photo
inner join mart.accepted_label
    on
        trainable_photo.city_id = accepted_label.city_id
        and trainable_photo.sha256 = accepted_label.sha256
where trainable_photo.city_id = %(city_id)s
group by trainable_photo.sha256, trainable_photo.cluster_sha256, trainable_photo.media_type
order by trainable_photo.sha256
