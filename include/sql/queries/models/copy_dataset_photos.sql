copy core.dataset_photo (city_id, dataset_version, sha256, split, link_sha256s) from stdin with (format binary) -- noqa: PRS
