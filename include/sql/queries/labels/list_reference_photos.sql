-- Photos of a sight to compare with: those that a person accepted first, then the surest.
select
    accepted_label.sha256,
    accepted_label.x1,
    accepted_label.y1,
    accepted_label.x2,
    accepted_label.y2
from mart.accepted_label
where
    accepted_label.sight_id = %(sight_id)s
    and accepted_label.sha256 <> %(sha256)s
    and not exists (
        select 1
        from core.removed_photo
        where removed_photo.sha256 = accepted_label.sha256
    )
order by accepted_label.is_reviewed desc, accepted_label.score desc, accepted_label.label_id asc
limit %(most)s
