select
    check_progress.check_name,
    check_progress.text_sha256,
    check_progress.seen_until,
    coalesce(check_progress.seen_whole_at < now() - %(whole_after)s::interval, true) as is_whole_due
from core.check_progress;
