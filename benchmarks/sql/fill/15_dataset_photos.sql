insert into core.dataset_photo (city_id, dataset_version, sha256, split)
select city_id, 1, sha256, case n %% 100 when 3 then 'val' when 13 then 'test' else 'train' end
from numbered
where n %% 10 = 3
