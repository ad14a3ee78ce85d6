-- Only what can be true: a box of an area, as it was or as the person drew it, and a sight of the label's own city that is still one. What
-- is accepted is accepted as the sight that the person saw, if it is still taken for that one.
insert into core.label_review (review_id, label_id, decision, sight_id, x1, y1, x2, y2, reviewed_by, reviewed_at)
select
    decided.review_id,
    decided.label_id,
    decided.decision,
    case decided.decision
        when 'accept' then decided_label.sight_id
        when 'rename' then decided.sight_id
    end as sight_id,
    decided.x1,
    decided.y1,
    decided.x2,
    decided.y2,
    %(reviewer)s as reviewed_by,
    now() as reviewed_at
from
    unnest(
        %(review_ids)s::uuid[], %(label_ids)s::bigint[], %(decisions)s::text[], %(sight_ids)s::bigint[],
        %(x1s)s::real[], %(y1s)s::real[], %(x2s)s::real[], %(y2s)s::real[]
    ) as decided (review_id, label_id, decision, sight_id, x1, y1, x2, y2)
inner join core.label on decided.label_id = label.label_id
inner join mart.decided_label on decided.label_id = decided_label.label_id
left join core.sight on decided.sight_id = sight.sight_id
where
    decided.decision in ('reject', 'no_sight', 'withdraw')
    or (
        coalesce(decided.x1, label.x1) < coalesce(decided.x2, label.x2)
        and coalesce(decided.y1, label.y1) < coalesce(decided.y2, label.y2)
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
