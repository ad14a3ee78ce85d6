copy core.dataset_box (city_id, dataset_version, sha256, box_number, class_number, x1, y1, x2, y2)
from stdin with (format binary) -- noqa: PRS
