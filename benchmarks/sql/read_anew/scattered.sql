-- Scattered over all of history, which is ten times as long in the large one.
update core.label
set
    state = case state when 'accepted' then 'held_back' else 'accepted' end,
    reason = 'too small',
    changed_at = %(at)s
where label_id in (
    select label_id from core.label
    where state <> 'unmatched'
    order by sha256(int8send(label_id + %(round)s)) limit %(count)s
)
