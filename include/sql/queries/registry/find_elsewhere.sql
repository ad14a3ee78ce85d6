select sight.sight_id
from core.sight
where
    sight.city_id = %(city_id)s
    and sight.state = 'elsewhere'
