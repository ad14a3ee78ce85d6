insert into core.publication (city_id, model_version, published_by, reason, published_at, recorded_at)
select city_id, 1, 'd', 'first', %(end_at)s, %(end_at)s - interval '1 day' from core.model
