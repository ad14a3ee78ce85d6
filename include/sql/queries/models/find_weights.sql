-- Weights of any model of the city, by their contents.
select model_file.bytes
from core.model_file
where
    model_file.city_id = %(city_id)s
    and model_file.file_name = 'weights.safetensors'
    and model_file.sha256 = %(sha256)s
order by model_file.model_version desc
limit 1
