delete from mart.sight_activity_hourly_v2
where
    sight_activity_hourly_v2.hour_at >= %(start_at)s
    and sight_activity_hourly_v2.hour_at < %(end_at)s;
