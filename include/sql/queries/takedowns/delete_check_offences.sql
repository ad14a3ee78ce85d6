-- What data checks would look at again; there is nothing left to look at.
delete from core.check_offence
where check_offence.key = any(
    select asked.sha256::text
    from unnest(%(sha256s)s::bytea[]) as asked (sha256)
);
