insert into load.contribution (
    contribution_id, city_id, sight_id, bytes, licence, contributed_by, code_sha256, author
)
values (
    %(contribution_id)s,
    %(city_id)s,
    %(sight_id)s,
    %(bytes)s,
    %(licence)s,
    %(contributed_by)s,
    %(code_sha256)s,
    %(author)s
)
