insert into core.model_card (city_id, model_version, markdown, confusions)
values (%(city_id)s, %(model_version)s, %(markdown)s, %(confusions)s)
on conflict (city_id, model_version) do update
    set
        markdown = excluded.markdown,
        confusions = excluded.confusions,
        recorded_at = now()
