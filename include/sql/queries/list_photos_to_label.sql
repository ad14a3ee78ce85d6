-- Distinct views before near-copies, and within each the sights in turn, those with the fewest
-- paid photos first: a small cap serves every sight.
with found as (
    select distinct
        photo_source.sha256,
        photo_source.sight_id,
        sight.rank,
        photo.cluster_sha256
    from core.sight
    inner join core.photo_source on sight.sight_id = photo_source.sight_id
    inner join core.photo on photo_source.sha256 = photo.sha256
    left join core.removed_photo on photo_source.sha256 = removed_photo.sha256
    where
        sight.city_id = %(city_id)s
        and sight.state <> 'dropped'
        and removed_photo.sha256 is null
),

call as (
    select
        paid_call.subject_sha256,
        bool_or(paid_call.state <> 'failed' and paid_call.resend_allowed_at is null) as is_standing,
        -- Failed with an answer: the provider looked and refused. Bytes do not change, so a photo
        -- that is bad (code 3) or was never fit to send is not tried again; another refusal is
        -- tried once more, in a later run. Failed without an answer was never processed.
        coalesce(
            bool_or(
                paid_call.answer #>> '{response,error,code}' = '3'
                or paid_call.answer ? 'not_sent'
                or (paid_call.dag_id = %(dag_id)s and paid_call.run_id = %(run_id)s)
            ) filter (where paid_call.answer is not null), false
        )
        or count(paid_call.answer) >= %(most_attempts)s as is_given_up
    from core.paid_call
    inner join core.photo on paid_call.subject_sha256 = photo.sha256
    where
        paid_call.provider = %(provider)s
        and paid_call.feature = %(feature)s
    group by paid_call.subject_sha256
),

view_turn as (
    select
        found.sha256,
        found.sight_id,
        found.rank,
        coalesce(call.is_standing, false) as is_standing,
        row_number() over (
            partition by found.sight_id, found.cluster_sha256
            order by coalesce(call.is_standing, false) desc, found.sha256 asc
        ) as turn_in_cluster
    from found
    left join call on found.sha256 = call.subject_sha256
    where not coalesce(call.is_given_up, false)
),

sight_turn as (
    select
        view_turn.sha256,
        view_turn.rank,
        view_turn.is_standing,
        view_turn.turn_in_cluster,
        row_number() over (
            partition by view_turn.sight_id, view_turn.turn_in_cluster
            order by view_turn.is_standing desc, view_turn.sha256 asc
        ) as turn_of_sight
    from view_turn
)

select sight_turn.sha256
from sight_turn
where not sight_turn.is_standing
group by sight_turn.sha256
order by
    min(sight_turn.turn_in_cluster),
    min(sight_turn.turn_of_sight),
    min(sight_turn.rank),
    sight_turn.sha256;
