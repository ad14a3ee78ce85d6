insert into core.backup (file_name, byte_count)
values (%(file_name)s, %(byte_count)s)
