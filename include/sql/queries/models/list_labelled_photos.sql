-- The boxes of a city that may train, by photo, with the photo: what a dataset can be made of.
select
    photo.sha256,
    photo.cluster_sha256,
    photo.media_type,
    accepted_label.sight_id,
    accepted_label.x1,
    accepted_label.y1,
    accepted_label.x2,
    accepted_label.y2,
    accepted_label.is_reviewed
from mart.accepted_label
inner join core.photo on accepted_label.sha256 = photo.sha256
where accepted_label.city_id = %(city_id)s
order by
    photo.sha256 asc,
    -- The surest first: of two boxes of one sight in one place, it is the one that stays.
    accepted_label.score desc,
    accepted_label.label_id asc
