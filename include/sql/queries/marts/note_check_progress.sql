-- As of the start of this transaction, before it looked: a run that waited for the lock began earlier
-- than it looked, and one that ran meanwhile may have seen more.
insert into core.check_progress as progress (check_name, text_sha256, seen_until, seen_whole_at)
values (
    %(check_name)s,
    %(text_sha256)s,
    now(),
    case when %(is_whole)s and %(is_known)s then now() end
)
on conflict (check_name) do update
    set
        text_sha256 = excluded.text_sha256,
        seen_until = greatest(progress.seen_until, excluded.seen_until),
        seen_whole_at = case
            when not %(is_known)s then null
            else greatest(progress.seen_whole_at, excluded.seen_whole_at)
        end;
