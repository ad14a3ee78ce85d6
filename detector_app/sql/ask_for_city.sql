insert into load.city_request (request_id, asked_name, asked_by)
values (%(request_id)s, %(asked_name)s, %(asked_by)s)
