-- Of Airflow's own database: the files that it cannot import.
select import_error.filename
from import_error
order by import_error.filename
