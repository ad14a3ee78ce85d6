-- One of that id; another process that takes contributions in leaves it alone meanwhile.
select contribution.bytes
from load.contribution
where contribution.contribution_id = %(contribution_id)s
order by contribution.contributed_at
limit 1
for update skip locked
