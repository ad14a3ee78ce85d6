-- What was left out for one reason may be looked at again, and refused for another; it stays in the
-- hour in which it was first refused.
insert into core.rejected_photo as rejected (url_sha256, sight_id, url, source, reason, detail)
select distinct on (loaded.url, loaded.sight_id)
    sha256(convert_to(loaded.url, 'UTF8')) as url_sha256,
    loaded.sight_id,
    loaded.url,
    loaded.source,
    loaded.reason,
    loaded.detail
from load.rejected_photo as loaded
where loaded.batch_id = %(batch_id)s
order by loaded.url, loaded.sight_id, (loaded.reason = 'removed') desc
on conflict (url_sha256, sight_id) do update
    set
        source = excluded.source,
        reason = excluded.reason,
        detail = excluded.detail
    where (excluded.reason, excluded.detail) is distinct from (rejected.reason, rejected.detail)
