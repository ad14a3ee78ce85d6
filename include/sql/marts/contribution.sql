-- Grain: one row per photo that somebody shared with a code: what became of it.
-- Found by the hash of the code alone, which only its contributor has.
create view mart.contribution as
select
    waiting.code_sha256,
    waiting.contributed_at,
    'received' as stage
from load.contribution as waiting
where waiting.code_sha256 is not null
union all
select
    contribution.code_sha256,
    contribution.contributed_at,
    case
        when contribution.withdrawn_at is not null then 'withdrawn'
        when contribution.refusal is not null then 'refused'
        when photo.sha256 is null then 'removed'
        when decided_label.state = 'accepted' then 'accepted'
        when decided_label.state = 'rejected' then 'rejected'
        else 'in_review'
    end as stage
from core.contribution
left join core.photo on contribution.sha256 = photo.sha256
left join core.label
    on
        contribution.sha256 = label.sha256
        and contribution.city_id = label.city_id
        and contribution.sight_id = label.sight_id
        and label.call_id is null
left join mart.decided_label on label.label_id = decided_label.label_id
where contribution.code_sha256 is not null;

comment on view mart.contribution is 'One row per photo that somebody shared with a code: what became of it.';
comment on column mart.contribution.code_sha256 is 'SHA-256 of the code that its contributor was given.';
comment on column mart.contribution.contributed_at is 'When it was shared.';
comment on column mart.contribution.stage is
'received (to be taken in), in_review, accepted (trains), rejected (stays, and trains nothing), refused (not kept), removed (taken down) or withdrawn.';

-- The app reads one row, by the code itself: whoever has its login cannot list the hashes.
drop function if exists mart.find_contribution(text);
create function mart.find_contribution(code text)
returns table (stage text, contributed_at timestamptz)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select
        contribution.stage,
        contribution.contributed_at
    from mart.contribution
    where contribution.code_sha256 = sha256(convert_to(find_contribution.code, 'UTF8'))
    order by contribution.stage = 'withdrawn', contribution.contributed_at desc
    limit 1
$$;
comment on function mart.find_contribution(text) is 'What became of the photo that was shared with a code; no row: none was.';
revoke all on function mart.find_contribution(text) from public;
grant execute on function mart.find_contribution(text) to sightscan_app;
