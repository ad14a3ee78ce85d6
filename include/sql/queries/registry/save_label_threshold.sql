-- The setting as it is in force, for marts that say what is missing.
update core.city
set min_image_number_per_label = %(min_image_number_per_label)s
where
    city.city_id = %(city_id)s
    and city.min_image_number_per_label is distinct from %(min_image_number_per_label)s;
