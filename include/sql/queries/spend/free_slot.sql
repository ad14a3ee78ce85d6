-- Give a place back; whoever held it too long leaves it to the one who took it since.
update core.request_slot
set expires_at = clock_timestamp()
where pool = %(pool)s and slot = %(slot)s and holder = %(holder)s;
