-- One open session an instance: asking again, or starting what runs already, opens no other.
insert into core.instance_session (
    instance_id, city_id, dag_id, run_id, instance_type, price_per_hour_usd, started_at
)
values (
    %(instance_id)s, %(city_id)s, %(dag_id)s, %(run_id)s, %(instance_type)s, %(price_per_hour_usd)s,
    now()
)
on conflict (instance_id) where stopped_at is null do nothing
