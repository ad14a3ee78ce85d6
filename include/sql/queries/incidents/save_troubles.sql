-- What is seen now: a new incident, or one that is open still. Returns those that are new.
insert into core.incident as known (kind, subject, sentence, link)
select
    seen.kind,
    seen.subject,
    seen.sentence,
    seen.link
from
    unnest(%(kinds)s::text[], %(subjects)s::text[], %(sentences)s::text[], %(links)s::text[])
        as seen (kind, subject, sentence, link)
-- In one order, so that two who write at once wait for each other instead of locking each other out.
order by seen.kind, seen.subject
on conflict (kind, subject) where closed_at is null do update
    set
        sentence = excluded.sentence,
        link = coalesce(excluded.link, known.link),
        seen_at = greatest(known.seen_at, now())
returning known.incident_id, known.opened_at = now() as is_new
