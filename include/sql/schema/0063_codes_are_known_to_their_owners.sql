-- Whoever has the app's login read the hashes of all codes, and could write each into the inbox of those
-- who take photos back: all that people shared would have been gone. Now a code itself is asked for.
create function load.take_back(code text, reason text) returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
    insert into load.withdrawal (withdrawal_id, sha256, reason)
    select
        gen_random_uuid() as withdrawal_id,
        named.code_sha256,
        take_back.reason
    from (select sha256(convert_to(take_back.code, 'UTF8')) as code_sha256) as named
    where
        exists (
            select 1 from load.contribution
            where contribution.code_sha256 = named.code_sha256
            union all
            select 1 from core.contribution
            where
                contribution.code_sha256 = named.code_sha256
                and contribution.withdrawn_at is null
        )
        and not exists (
            select 1 from load.withdrawal
            where withdrawal.sha256 = named.code_sha256
        )
$$;
comment on function load.take_back(text, text) is
'Puts the photo that was shared with a code into the inbox of those that are taken back; one of no photo does nothing.';
revoke all on function load.take_back(text, text) from public;
grant execute on function load.take_back(text, text) to sightscan_app;

revoke insert on load.withdrawal from sightscan_app;
comment on column load.withdrawal.sha256 is 'SHA-256 of the code that its contributor was given; or the photo.';
comment on column load.withdrawal.withdrawal_id is 'Made where it is taken back.';
