delete from mart.city_activity_hourly_v2
where
    city_activity_hourly_v2.hour_at >= %(start_at)s
    and city_activity_hourly_v2.hour_at < %(end_at)s;
