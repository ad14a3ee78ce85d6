-- What is right now: all that was bad was looked at.
delete from core.check_offence
where
    check_offence.check_name = %(check_name)s
    and check_offence.key <> all(%(keys)s::text[]);
