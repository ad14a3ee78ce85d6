insert into core.dataset_box (
    city_id, dataset_version, sha256, box_number, class_number, x1, y1, x2, y2
)
select city_id, 1, sha256, 0, n %% %(sights)s, 0.1, 0.1, 0.9, 0.9
from numbered
where n %% 10 = 3
