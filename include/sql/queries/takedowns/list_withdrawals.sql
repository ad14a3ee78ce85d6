-- What people take back, and how it got here: only what was contributed is theirs to take back.
select
    withdrawal.withdrawal_id,
    withdrawal.sha256,
    withdrawal.reason,
    exists(
        select 1 from load.contribution
        where sha256(contribution.bytes) = withdrawal.sha256
    ) as is_waiting,
    exists(
        select 1 from core.photo_source
        where photo_source.sha256 = withdrawal.sha256 and photo_source.source = %(contributed)s
    ) as is_contributed,
    exists(
        select 1 from core.photo_source
        where photo_source.sha256 = withdrawal.sha256 and photo_source.source <> %(contributed)s
    ) as is_found_elsewhere,
    exists(
        select 1 from core.removed_photo
        where removed_photo.sha256 = withdrawal.sha256
    ) as is_removed
from load.withdrawal
order by withdrawal.withdrawn_at, withdrawal.withdrawal_id;
