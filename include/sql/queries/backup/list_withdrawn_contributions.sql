-- What was carried out. One whose photo was found elsewhere, too, has left no tombstone.
select
    contribution.contribution_id,
    contribution.sha256,
    contribution.withdrawn_at
from core.contribution
where contribution.withdrawn_at is not null
order by contribution.withdrawn_at, contribution.contribution_id
