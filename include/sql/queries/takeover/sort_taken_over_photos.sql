-- A photo whose paid label names a sight was found for that sight, as far as anybody can tell.
insert into core.photo_source (
    sha256, url_sha256, sight_id, url, page_url, source, licence, licence_url, author, title, query, found_at
)
select distinct
    photo_source.sha256,
    photo_source.url_sha256,
    label.sight_id,
    photo_source.url,
    photo_source.page_url,
    photo_source.source,
    photo_source.licence,
    photo_source.licence_url,
    photo_source.author,
    photo_source.title,
    photo_source.query,
    photo_source.found_at
from core.photo_source
inner join core.sight on photo_source.sight_id = sight.sight_id
inner join core.label
    on
        photo_source.sha256 = label.sha256
        and sight.city_id = label.city_id
inner join core.paid_call on label.call_id = paid_call.call_id
where
    sight.city_id = %(city_id)s
    and sight.state = 'unsorted'
    and label.sight_id is not null
    and paid_call.is_taken_over
on conflict (sha256, url_sha256, sight_id) do nothing
