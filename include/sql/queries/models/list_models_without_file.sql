-- Of judged models only: what older versions judged has no `shipped`, and had no such file.
select model.model_version
from core.model
left join core.model_file
    on
        model.city_id = model_file.city_id
        and model.model_version = model_file.model_version
        and model_file.file_name = %(file_name)s
where
    model.city_id = %(city_id)s
    and model.state in ('published', 'refused')
    and model.shipped is not null
    and model_file.file_name is null
order by model.model_version
