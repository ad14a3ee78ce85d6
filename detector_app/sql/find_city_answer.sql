-- What became of a request, by the id that its page made.
select
    city_answer.stage,
    city_answer.asked_at,
    city_answer.try_count,
    city_answer.refusal,
    city_answer.detail,
    city_answer.choices,
    city_answer.city_slug
from mart.city_answer
where city_answer.request_id = %(request_id)s
