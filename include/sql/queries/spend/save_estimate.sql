-- A run that is cleared is estimated anew: what it has spent is in the new figures.
insert into core.spend_estimate (
    dag_id, run_id, city_id, photo_limit, waiting_photos, most_units, probable_units,
    free_units_left, most_vision_usd, probable_vision_usd, most_places_usd, most_gpu_usd,
    probable_gpu_usd, most_usd, probable_usd, refusal
)
values (
    %(dag_id)s, %(run_id)s, %(city_id)s, %(photo_limit)s, %(waiting_photos)s, %(most_calls)s,
    %(probable_calls)s, %(free_units_left)s, %(most_vision_usd)s, %(probable_vision_usd)s,
    %(most_places_usd)s, %(most_gpu_usd)s, %(probable_gpu_usd)s, %(most_usd)s, %(probable_usd)s,
    nullif(%(refusal)s, '')
)
on conflict (dag_id, run_id) do update
    set
        photo_limit = excluded.photo_limit,
        waiting_photos = excluded.waiting_photos,
        most_units = excluded.most_units,
        probable_units = excluded.probable_units,
        free_units_left = excluded.free_units_left,
        most_vision_usd = excluded.most_vision_usd,
        probable_vision_usd = excluded.probable_vision_usd,
        most_places_usd = excluded.most_places_usd,
        most_gpu_usd = excluded.most_gpu_usd,
        probable_gpu_usd = excluded.probable_gpu_usd,
        most_usd = excluded.most_usd,
        probable_usd = excluded.probable_usd,
        refusal = excluded.refusal,
        estimated_at = now(),
        ended_at = null;
