insert into core.imported_model (city_id, sha256, model_version, bytes, trained_at)
values (%(city_id)s, sha256(%(bytes)s), %(model_version)s, %(bytes)s, %(trained_at)s)
on conflict (city_id, sha256) do nothing
