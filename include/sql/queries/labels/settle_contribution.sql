-- All of that id go from the inbox. Times that nobody can have shared at become now; an id that was used
-- before gets another.
with taken as (
    delete from load.contribution
    where contribution.contribution_id = %(contribution_id)s
    returning contribution.contributed_at
)

insert into core.contribution (
    contribution_id, sha256, code_sha256, city_id, sight_id, licence, refusal, contributed_at
)
select
    case
        when
            exists (
                select 1 from core.contribution as used
                where used.contribution_id = %(contribution_id)s
            )
            then gen_random_uuid()
        else %(contribution_id)s
    end as contribution_id,
    %(sha256)s,
    %(code_sha256)s,
    %(city_id)s,
    %(sight_id)s,
    %(licence)s,
    %(refusal)s,
    min(
        case when taken.contributed_at between timestamptz '2000-01-01 UTC' and now() then taken.contributed_at else now() end
    ) as contributed_at
from taken
having count(*) > 0
