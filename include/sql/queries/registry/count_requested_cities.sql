select count(*) from core.city
where city.state = any(%(states)s)
