-- What people have taken back and nobody has carried out.
select
    withdrawal.withdrawal_id,
    withdrawal.sha256,
    withdrawal.reason,
    withdrawal.withdrawn_at
from load.withdrawal
order by withdrawal.withdrawn_at, withdrawal.withdrawal_id
