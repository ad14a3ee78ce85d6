insert into core.model_file (city_id, model_version, file_name, sha256, bytes)
values (%(city_id)s, %(model_version)s, %(file_name)s, %(sha256)s, %(bytes)s)
on conflict (city_id, model_version, file_name) do update set
    sha256 = excluded.sha256,
    bytes = excluded.bytes
