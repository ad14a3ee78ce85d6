select
    removed_url.url_sha256,
    removed_url.sha256,
    removed_url.reason,
    removed_url.removed_by,
    removed_url.recorded_at
from core.removed_url
order by removed_url.url_sha256
