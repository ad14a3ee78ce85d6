delete from mart.city_spend_hourly_v1
where
    city_spend_hourly_v1.hour_at >= %(start_at)s
    and city_spend_hourly_v1.hour_at < %(end_at)s;
