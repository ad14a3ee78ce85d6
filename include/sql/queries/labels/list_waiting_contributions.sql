-- What people shared, the oldest first; nothing that could not be is read of it.
select
    contribution.contribution_id,
    contribution.city_id,
    contribution.sight_id,
    contribution.licence,
    contribution.author,
    contribution.code_sha256
from load.contribution
order by contribution.contributed_at, contribution.contribution_id
limit %(most)s
