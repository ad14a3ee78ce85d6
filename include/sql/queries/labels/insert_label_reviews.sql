-- Only what can be true: a box of an area, and a sight of the label's own city that is still one. What
-- is accepted is accepted as the sight that the person saw, if it is still taken for that one.
insert into core.label_review (review_id, label_id, decision, sight_id, reviewed_by, reviewed_at)
select
    decided.review_id,
    decided.label_id,
    decided.decision,
    case decided.decision
        when 'accept' then decided_label.sight_id
        when 'rename' then decided.sight_id
    end as sight_id,
    %(reviewer)s as reviewed_by,
    now() as reviewed_at
from
    unnest(
        %(review_ids)s::uuid[], %(label_ids)s::bigint[], %(decisions)s::text[], %(sight_ids)s::bigint[]
    ) as decided (review_id, label_id, decision, sight_id)
inner join core.label on decided.label_id = label.label_id
inner join mart.decided_label on decided.label_id = decided_label.label_id
left join core.sight on decided.sight_id = sight.sight_id
where
    decided.decision in ('reject', 'withdraw')
    or (
        label.x1 < label.x2
        and label.y1 < label.y2
        and (
            (
                decided.decision = 'accept'
                and coalesce(decided.sight_id, decided_label.sight_id) = decided_label.sight_id
            )
            or (
                decided.decision = 'rename'
                and sight.city_id = label.city_id
                and sight.state in ('active', 'retired')
            )
        )
    )
on conflict (review_id) do nothing
