insert into load.withdrawal (withdrawal_id, sha256, reason)
values (%(withdrawal_id)s, %(code_sha256)s, %(reason)s)
