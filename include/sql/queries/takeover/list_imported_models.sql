select imported_model.sha256
from core.imported_model
where imported_model.city_id = %(city_id)s
