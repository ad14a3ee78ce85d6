insert into core.forgotten_city (slug, forgotten_by)
values (%(slug)s, %(forgotten_by)s)
on conflict (slug) do nothing
