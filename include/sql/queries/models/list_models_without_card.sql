-- Of judged models only: what older versions judged has no `shipped`, and had no such card. Versions
-- between them have the file of that name, and nothing for everybody.
select
    model.model_version,
    model_file.file_name is null as lacks_file,
    model_card.city_id is null as lacks_public
from core.model
left join core.model_file
    on
        model.city_id = model_file.city_id
        and model.model_version = model_file.model_version
        and model_file.file_name = %(file_name)s
left join core.model_card
    on
        model.city_id = model_card.city_id
        and model.model_version = model_card.model_version
where
    model.city_id = %(city_id)s
    and model.state in ('published', 'refused')
    and model.shipped is not null
    and (model_file.file_name is null or model_card.city_id is null)
order by model.model_version
