-- Photos that are known to show none of a city's sights (decision 38), from the first source that
-- has them: 1, labelled sights of other cities, far away; 2, its own streets, on which Vision found
-- nothing of it; 3, what a person said shows none of them; 4, well-known sights far away.
with decided as (
    select
        decided_label.sha256,
        bool_or(decided_label.state in ('accepted', 'held_back')) as has_label,
        bool_or(coalesce(decided_label.review = 'reject', false)) as is_rejected,
        bool_or(coalesce(decided_label.review = 'no_sight', false)) as is_without
    from mart.decided_label
    where decided_label.city_id = %(city_id)s
    group by decided_label.sha256
),

seen as (
    select
        decided.sha256,
        decided.is_without,
        -- A box that was rejected may be loose, or its name wrong: that says nothing of the photo.
        decided.has_label or (decided.is_rejected and not decided.is_without) as may_show_sight
    from decided
),

answered as (
    select paid_call.subject_sha256 as sha256
    from core.paid_call
    where
        paid_call.provider = %(provider)s
        and paid_call.feature = %(feature)s
        and paid_call.state = 'succeeded'
),

found as (
    select
        accepted_label.sha256,
        1 as source,
        accepted_label.sight_id::text as subject
    from mart.accepted_label
    where accepted_label.sight_id = any(%(far_sight_ids)s)
    union all
    select
        photo_source.sha256,
        case sight.state when 'streets' then 2 else 4 end as source,
        -- Its category: another sight, or one street.
        photo_source.query as subject
    from core.sight
    inner join core.photo_source on sight.sight_id = photo_source.sight_id
    where
        sight.city_id = %(city_id)s
        and (
            sight.state = 'elsewhere'
            or (sight.state = 'streets' and photo_source.sha256 in (select answered.sha256 from answered))
        )
    union all
    select
        seen.sha256,
        3 as source,
        null as subject
    from seen
    where
        seen.is_without
        -- What a visitor alone shared may be refused for who is on it.
        and exists (
            select 1
            from core.photo_source
            where photo_source.sha256 = seen.sha256 and photo_source.source <> %(contributed)s
        )
),

own as (
    select photo_source.sha256
    from core.sight
    inner join core.photo_source on sight.sight_id = photo_source.sight_id
    where
        sight.city_id = %(city_id)s
        and sight.state not in ('elsewhere', 'streets')
)

select distinct on (found.sha256)
    found.sha256,
    photo.cluster_sha256,
    photo.media_type,
    found.source,
    found.subject
from found
inner join core.photo on found.sha256 = photo.sha256
left join seen on found.sha256 = seen.sha256
left join core.removed_photo on found.sha256 = removed_photo.sha256
where
    removed_photo.sha256 is null
    and not coalesce(seen.may_show_sight, false)
    -- What was found for a sight of the city shows it, unless a person said that it does not.
    and (found.source = 3 or found.sha256 not in (select own.sha256 from own))
    -- Nor is a copy of a photo that may show a sight a background.
    and photo.cluster_sha256 not in (
        select copied.cluster_sha256
        from seen as other
        inner join core.photo as copied on other.sha256 = copied.sha256
        where other.may_show_sight
    )
order by found.sha256, found.source, found.subject
