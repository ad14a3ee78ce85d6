-- By both: whoever makes ids up may have used one for another photo, too.
delete from load.withdrawal
where
    withdrawal.withdrawal_id = %(withdrawal_id)s
    and withdrawal.sha256 = %(named_sha256)s;
