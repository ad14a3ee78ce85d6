-- Only what can be true: a box of an area, and a sight of the label's own city that is still one.
insert into core.label_review (review_id, label_id, decision, sight_id, reviewed_by, reviewed_at)
select
    decided.review_id,
    decided.label_id,
    decided.decision,
    decided.sight_id,
    %(reviewer)s as reviewed_by,
    now() as reviewed_at
from
    unnest(
        %(review_ids)s::uuid[], %(label_ids)s::bigint[], %(decisions)s::text[], %(sight_ids)s::bigint[]
    ) as decided (review_id, label_id, decision, sight_id)
inner join core.label on decided.label_id = label.label_id
left join core.sight on decided.sight_id = sight.sight_id
where
    decided.decision in ('reject', 'withdraw')
    or (
        label.x1 < label.x2
        and label.y1 < label.y2
        and (
            (decided.decision = 'accept' and label.sight_id is not null)
            or (
                decided.decision = 'rename'
                and sight.city_id = label.city_id
                and sight.state in ('active', 'retired')
            )
        )
    )
on conflict (review_id) do nothing
