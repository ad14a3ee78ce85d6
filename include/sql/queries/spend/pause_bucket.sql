-- Note until when a service wants to be left alone; a shorter pause takes nothing from a longer one.
update core.rate_limit
set paused_until = greatest(paused_until, clock_timestamp() + make_interval(secs => %(pause_seconds)s))
where bucket = %(bucket)s;
