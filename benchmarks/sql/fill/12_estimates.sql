-- A run for each five hundred photos, with its estimate and an hour of the GPU.
insert into core.spend_estimate (
    dag_id, run_id, city_id, photo_limit, waiting_photos, most_units, probable_units,
    free_units_left, most_vision_usd, probable_vision_usd, most_places_usd, most_gpu_usd,
    probable_gpu_usd, most_usd, probable_usd, estimated_at, ended_at
)
select
    'city_' || city_id, 'run ' || n / 500, city_id, 500, 0, 500, 400, 0, 0.75, 0.6, 0, 9, 3, 9.75,
    3.6, min(at), max(at)
from numbered
group by city_id, n / 500
