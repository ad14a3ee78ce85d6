-- What became of a request, by the id that its page made.
select
    found.stage,
    found.asked_at,
    found.try_count,
    found.refusal,
    found.detail,
    found.choices,
    found.city_slug
from mart.find_city_answer(%(request_id)s) as found
