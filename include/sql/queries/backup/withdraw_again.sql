-- Into the inbox: the next round carries it out. Only what the backup still has: the rest is gone already.
insert into load.withdrawal (withdrawal_id, sha256, reason, withdrawn_at)
select
    gen_random_uuid() as withdrawal_id,
    %(sha256)s,
    %(reason)s,
    %(withdrawn_at)s
where
    exists (
        select 1 from load.contribution
        where contribution.contribution_id = %(contribution_id)s
        union all
        select 1 from core.contribution
        where
            contribution.contribution_id = %(contribution_id)s
            and contribution.withdrawn_at is null
    )
    and not exists (
        select 1 from load.withdrawal
        where withdrawal.sha256 = %(sha256)s
    )
