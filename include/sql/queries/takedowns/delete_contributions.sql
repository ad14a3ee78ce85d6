-- What goes is noted by its hash: a backup of before it knows nothing of it, and is told so when it is
-- restored. An id that was used before gets another, as it does when a photo is taken in.
with taken as (
    delete from load.contribution
    where sha256(contribution.bytes) = %(sha256)s
    returning
        contribution.contribution_id,
        contribution.code_sha256,
        contribution.city_id,
        contribution.sight_id,
        contribution.licence,
        contribution.contributed_at
),

numbered as (
    select
        taken.*,
        row_number() over (partition by taken.contribution_id) as turn
    from taken
)

insert into core.contribution (
    contribution_id, sha256, code_sha256, city_id, sight_id, licence, contributed_at, withdrawn_at
)
select
    case
        when
            numbered.turn > 1 or exists (
                select 1 from core.contribution as used
                where used.contribution_id = numbered.contribution_id
            )
            then gen_random_uuid()
        else numbered.contribution_id
    end as contribution_id,
    %(sha256)s,
    numbered.code_sha256,
    numbered.city_id,
    numbered.sight_id,
    numbered.licence,
    case
        when numbered.contributed_at between timestamptz '2000-01-01 UTC' and now() then numbered.contributed_at
        else now()
    end as contributed_at,
    now() as withdrawn_at
from numbered
