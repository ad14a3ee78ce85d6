-- Whom to name for the photos of a version: one page of them, and how many there are.
select
    model_credit.author,
    model_credit.title,
    model_credit.licence,
    model_credit.licence_url,
    model_credit.page_url,
    model_credit.split,
    count(*) over () as credit_count
from mart.model_credit
where
    model_credit.city_slug = %(city_slug)s
    and model_credit.model_version = %(model_version)s
order by model_credit.author asc nulls last, model_credit.sha256 asc
limit
    %(most)s
    offset %(left_out)s
