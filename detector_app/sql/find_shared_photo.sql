-- What became of what was shared with a code.
select
    contribution.stage,
    contribution.contributed_at
from mart.contribution
where contribution.code_sha256 = %(code_sha256)s
order by contribution.stage = 'withdrawn', contribution.contributed_at desc
limit 1
