insert into load.withdrawal (withdrawal_id, sha256, reason, withdrawn_at)
select
    %(withdrawal_id)s,
    %(sha256)s,
    %(reason)s,
    %(withdrawn_at)s
where
    not exists (
        select 1 from load.withdrawal
        where withdrawal.sha256 = %(sha256)s
    )
