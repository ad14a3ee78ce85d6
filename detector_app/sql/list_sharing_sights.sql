select
    sight_coverage.sight_id,
    sight_coverage.sight_name
from mart.sight_coverage
where sight_coverage.city_id = %(city_id)s
order by sight_coverage.sight_name, sight_coverage.sight_id
