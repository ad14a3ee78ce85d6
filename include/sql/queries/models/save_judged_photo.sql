-- Judged again, it is what was shown last.
insert into core.model_test_photo (city_id, model_version, sha256, shown)
values (%(city_id)s, %(model_version)s, %(sha256)s, %(shown)s)
on conflict (city_id, model_version, sha256) do update set shown = excluded.shown
