-- The test photos that a version is shown by: at most twelve pictures of at most 100 KB.
select
    model_example.is_right,
    model_example.there,
    model_example.shown,
    model_example.thumbnail,
    model_example.author,
    model_example.title,
    model_example.licence,
    model_example.licence_url,
    model_example.page_url
from mart.model_example
where
    model_example.city_slug = %(city_slug)s
    and model_example.model_version = %(model_version)s
order by model_example.is_right desc, model_example.place asc
limit 12
