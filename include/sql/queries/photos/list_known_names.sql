-- What need not be fetched again for a sight: kept before, refused for good, or taken down for
-- whatever sight it was found; by address and by identifier. What a site said of us or of a file
-- holds for a month; what the settings of a crawl left out is wanted again when they do so no more, or
-- have another bound, which the detail tells. Files of one's own are looked at anew each time: whoever
-- corrects them, or what is written of them, waits for that, and it costs nothing.
with known as (
    select photo_source.url_sha256
    from core.photo_source
    where photo_source.sight_id = %(sight_id)s
    union
    select rejected_photo.url_sha256
    from core.rejected_photo
    where
        rejected_photo.sight_id = %(sight_id)s
        and rejected_photo.source <> 'local_folder'
        and rejected_photo.reason <> all(%(reopened_reasons)s::text[])
        and not exists (
            select 1
            from unnest(%(bound_reasons)s::text[], %(bounds)s::text[]) as bound (reason, pattern)
            where
                rejected_photo.reason = bound.reason
                and rejected_photo.detail not like bound.pattern
        )
        and (
            rejected_photo.recorded_at > now() - interval '30 days'
            or not (
                rejected_photo.reason in ('opted_out', 'refused_redirect')
                or starts_with(rejected_photo.reason, 'http_')
            )
        )
)

select known.url_sha256
from known
union
select photo_identifier.identifier_sha256 as url_sha256
from known
inner join core.photo_identifier on known.url_sha256 = photo_identifier.url_sha256
union
select removed_url.url_sha256
from core.removed_url
