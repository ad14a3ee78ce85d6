insert into core.city (
    city_id, slug, name, country, latitude, longitude, radius_meters, min_image_number_per_label
)
select 'Q' || n, 'city-' || n, 'City ' || n, 'Merídia', 0, 0, 5000, 30
from generate_series(1, %(cities)s) as n
