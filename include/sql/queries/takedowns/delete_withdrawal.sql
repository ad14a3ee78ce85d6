delete from load.withdrawal
where withdrawal.withdrawal_id = %(withdrawal_id)s;
