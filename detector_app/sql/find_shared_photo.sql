-- What became of what was shared with a code.
select
    found.stage,
    found.contributed_at
from mart.find_contribution(%(code)s) as found
