-- What data checks showed of photos that are taken down. A row may lose more than it must, where
-- one address begins with another: it is a sample.
with mention as (
    select encode(asked.sha256, 'hex') as words
    from unnest(%(sha256s)s::bytea[] || %(url_sha256s)s::bytea[]) as asked (sha256)
    union
    select asked.url as words
    from unnest(%(urls)s::text[]) as asked (url)
    union
    select unnest(array[photo_source.url, photo_source.page_url, encode(photo_source.url_sha256, 'hex')]) as words
    from core.photo_source
    where photo_source.sha256 = any(%(sha256s)s)
),

redacted as (
    select
        check_result.check_id,
        jsonb_agg(
            case
                when
                    exists (
                        select 1
                        from jsonb_each_text(shown.line) as cell
                        inner join mention on strpos(cell.value, mention.words) > 0
                    )
                    then '{"removed": true}'::jsonb
                else shown.line
            end
            order by shown.turn
        ) as offending_sample
    from core.check_result
    cross join
        lateral jsonb_array_elements(check_result.offending_sample) with ordinality as shown (line, turn)
    where check_result.offending_count > 0
    group by check_result.check_id
)

update core.check_result
set offending_sample = redacted.offending_sample
from redacted
where
    check_result.check_id = redacted.check_id
    and check_result.offending_sample <> redacted.offending_sample;
