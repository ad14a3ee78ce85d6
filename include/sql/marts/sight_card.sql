-- Grain: one row per sight of a city that is crawled, or was and is recognised still.
-- Of its photos the one that Wikidata shows, if it is among ours and shows it; else the one on which
-- it is best seen. Photos in an object store are none of these: the app has no way there.
create view mart.sight_card as
select
    sight.city_id,
    city.slug as city_slug,
    sight.sight_id,
    sight.name,
    sight.names,
    sight.latitude,
    sight.longitude,
    sight_facts.since_year,
    sight_facts.since_precision,
    sight_facts.height_meters,
    sight_facts.view_meters,
    shown.page_url as photo_page_url,
    shown.author as photo_author,
    shown.licence as photo_licence,
    shown.licence_url as photo_licence_url,
    coalesce(sight_facts.descriptions, '{}') as descriptions,
    coalesce(sight_facts.articles, '{}') as articles,
    encode(shown.sha256, 'hex') as photo_sha256
from core.sight
inner join core.city on sight.city_id = city.city_id
left join core.sight_facts on sight.sight_id = sight_facts.sight_id
left join lateral ( -- noqa: ST05
    with candidate as (
        -- The image that Wikidata names, by what it is known by where it was found.
        select
            label.sha256,
            1 as turn,
            label.score * (label.x2 - label.x1) * (label.y2 - label.y1) as size
        from core.photo_identifier
        inner join core.photo_source on photo_identifier.url_sha256 = photo_source.url_sha256
        inner join core.label on photo_source.sha256 = label.sha256
        where
            photo_identifier.identifier_sha256 = sha256(convert_to(sight_facts.image_identifier, 'UTF8'))
            and label.sight_id = sight.sight_id
            and label.state = 'accepted'
        union all
        -- Some of the best: each is looked up below.
        (
            select
                label.sha256,
                2 as turn,
                label.score * (label.x2 - label.x1) * (label.y2 - label.y1) as size
            from core.label
            where
                label.sight_id = sight.sight_id
                and label.state = 'accepted'
                and not exists (
                    select 1
                    from core.label_review
                    where
                        label_review.label_id = label.label_id
                        and label_review.decision in ('reject', 'rename', 'no_sight')
                )
            order by size desc, label.sha256 asc
            limit 20
        )
    )

    select
        candidate.sha256,
        source.page_url,
        source.author,
        source.licence,
        source.licence_url
    from candidate
    inner join core.photo_blob on candidate.sha256 = photo_blob.sha256
    cross join
        lateral (
            select
                photo_source.page_url,
                photo_source.author,
                photo_source.licence,
                photo_source.licence_url
            from core.photo_source
            where
                photo_source.sha256 = candidate.sha256
                and (
                    photo_source.licence in (
                        'cc0-1.0', 'pdm-1.0', 'public-domain', 'copyrighted-free-use', 'attribution', 'beerware'
                    )
                    or photo_source.licence ~ '^cc-by(-sa)?(-[0-9][.][0-9](-(?!nc|nd|sa)[a-z]{2,3})?)?$'
                    or photo_source.licence ~ (
                        '^(gfdl|lal|wtfpl|mit|apache|odbl|odc-by|ogl(-(c|uk|ca|canada|bc|ontario|taiwan))?)'
                        '(-v?[0-9]+([.][0-9]+)*)?(-only|-or-later)?$'
                    )
                )
            order by photo_source.recorded_at, photo_source.url_sha256, photo_source.sight_id
            limit 1
        ) as source
    where
        photo_blob.bytes is not null
        and not exists (
            select 1
            from core.removed_photo
            where removed_photo.sha256 = candidate.sha256
        )
    order by candidate.turn asc, candidate.size desc, candidate.sha256 asc
    limit 1
) as shown on true
where sight.state in ('active', 'retired');

comment on view mart.sight_card is 'One row per sight of a city: what visitors are told about it.';
comment on column mart.sight_card.city_id is 'The city.';
comment on column mart.sight_card.city_slug is 'Its ASCII name.';
comment on column mart.sight_card.sight_id is 'The sight.';
comment on column mart.sight_card.name is 'Name on screen.';
comment on column mart.sight_card.names is 'Names by language code.';
comment on column mart.sight_card.latitude is 'Degrees north.';
comment on column mart.sight_card.longitude is 'Degrees east.';
comment on column mart.sight_card.since_year is
'When it was founded, built or opened: a year in which 0 is the year before 1; null: not known.';
comment on column mart.sight_card.since_precision is 'How exactly that is known: year, decade or century.';
comment on column mart.sight_card.height_meters is 'Height; null: not known.';
comment on column mart.sight_card.view_meters is
'From how far it can be recognised; null: not known before the next discovery.';
comment on column mart.sight_card.descriptions is 'What it is, by language code.';
comment on column mart.sight_card.articles is 'Address of the article on Wikipedia, by language code.';
comment on column mart.sight_card.photo_sha256 is 'A photo of it, in hex; null, with what follows, where there is none.';
comment on column mart.sight_card.photo_page_url is 'The page that describes the photo.';
comment on column mart.sight_card.photo_author is 'Who made it, as plain text.';
comment on column mart.sight_card.photo_licence is 'Short name of its licence.';
comment on column mart.sight_card.photo_licence_url is 'Text of the licence.';
