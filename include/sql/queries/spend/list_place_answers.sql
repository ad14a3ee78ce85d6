select paid_call.answer
from core.paid_call
inner join
    unnest(%(subjects)s::bytea[]) with ordinality as asked (subject_sha256, turn)
    on paid_call.subject_sha256 = asked.subject_sha256
where
    paid_call.provider = %(provider)s
    and paid_call.feature = %(feature)s
    and paid_call.state = 'succeeded'
order by asked.turn
