-- What people take back, and how it got here: only what was contributed is theirs to take back. A code
-- stands for the photo that was shared with it.
with named as (
    select
        withdrawal.withdrawal_id,
        withdrawal.sha256 as named_sha256,
        withdrawal.reason,
        withdrawal.withdrawn_at,
        coalesce(shared.sha256, withdrawal.sha256) as sha256
    from load.withdrawal
    left join lateral (
        select sha256(waiting.bytes) as sha256
        from load.contribution as waiting
        where waiting.code_sha256 = withdrawal.sha256
        union all
        select contribution.sha256
        from core.contribution
        where contribution.code_sha256 = withdrawal.sha256
        limit 1
    ) as shared on true
)

select
    named.withdrawal_id,
    named.named_sha256,
    named.sha256,
    named.reason,
    exists(
        select 1 from load.contribution
        where sha256(contribution.bytes) = named.sha256
    ) as is_waiting,
    exists(
        select 1 from core.photo_source
        where photo_source.sha256 = named.sha256 and photo_source.source = %(contributed)s
    ) as is_contributed,
    exists(
        select 1 from core.photo_source
        where photo_source.sha256 = named.sha256 and photo_source.source <> %(contributed)s
    ) as is_found_elsewhere,
    exists(
        select 1 from core.removed_photo
        where removed_photo.sha256 = named.sha256
        union all
        select 1 from core.contribution
        where contribution.sha256 = named.sha256
    ) as is_removed
from named
order by named.withdrawn_at, named.withdrawal_id;
