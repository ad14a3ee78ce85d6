select clock_timestamp() as now_at
