copy core.dataset_ignored_region (city_id, dataset_version, sha256, region_number, x1, y1, x2, y2)
from stdin with (format binary) -- noqa: PRS
