-- Labels of the newest photos, a round's after those of the round before: the same hours in both
-- sizes.
update core.label
set
    state = case state when 'accepted' then 'held_back' else 'accepted' end,
    reason = 'too small',
    changed_at = %(at)s
where label_id in (
    select label_id from core.label
    where state <> 'unmatched' and recorded_at < %(before)s
    order by recorded_at desc, label_id
    limit %(count)s offset %(count)s * %(round)s
)
