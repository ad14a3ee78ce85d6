select
    model_file.sha256,
    model_file.bytes
from core.model_file
where
    model_file.city_id = %(city_id)s
    and model_file.model_version = %(model_version)s
    and model_file.file_name = %(file_name)s
