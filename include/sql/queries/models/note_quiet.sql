-- The first sight of quiet counts; one task at work ends it.
update core.instance_lease
set quiet_since = case when %(is_quiet)s then coalesce(instance_lease.quiet_since, now()) end
where
    instance_lease.dag_id = %(dag_id)s
    and instance_lease.run_id = %(run_id)s
returning extract(epoch from now() - instance_lease.quiet_since)::double precision
