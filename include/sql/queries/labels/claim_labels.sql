-- The surest of what is held back first: it is most often right. Of what was accepted with doubt,
-- the most doubtful first.
insert into core.label_claim (label_id, claimed_by, claimed_until)
select
    label_to_review.label_id,
    %(reviewer)s as claimed_by,
    now() + make_interval(secs => %(claim_seconds)s) as claimed_until
from mart.label_to_review
where
    label_to_review.city_id = %(city_id)s
    and label_to_review.kind = any(%(kinds)s::text[])
    and (%(reason)s::text is null or label_to_review.reason = %(reason)s)
    and (%(sight_id)s::bigint is null or label_to_review.likely_sight_id = %(sight_id)s)
    and label_to_review.score >= %(min_score)s
    and label_to_review.score < %(below_score)s
    and label_to_review.label_id <> all(%(seen)s::bigint[])
    and not exists (
        select 1
        from core.label_claim as other
        where
            other.label_id = label_to_review.label_id
            and other.claimed_by <> %(reviewer)s
            and other.claimed_until >= now()
    )
order by
    label_to_review.kind = 'uncertain',
    case label_to_review.kind when 'uncertain' then label_to_review.score else -label_to_review.score end,
    label_to_review.label_id
limit %(most)s
on conflict (label_id) do update
    set claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
returning label_id
