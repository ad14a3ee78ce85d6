delete from mart.sight_activity_hourly_v1
where
    sight_activity_hourly_v1.hour_at >= %(start_at)s
    and sight_activity_hourly_v1.hour_at < %(end_at)s;
