-- Grain: one row per test photo that a judged version is shown by.
-- With a small picture: the only bytes of photos in this schema, and never those of one that was taken
-- down, or that a visitor shared and nobody accepts any more.
create view mart.model_example as
select
    model_example.city_id,
    city.slug as city_slug,
    model_example.model_version,
    model_example.is_right,
    model_example.place,
    model_example.there,
    model_example.shown,
    model_example.thumbnail,
    photo_attribution.author,
    photo_attribution.title,
    photo_attribution.licence,
    photo_attribution.licence_url,
    encode(model_example.sha256, 'hex') as sha256,
    coalesce(photo_attribution.page_url, photo_attribution.url) as page_url
from core.model_example
inner join core.city on model_example.city_id = city.city_id
left join
    lateral (
        select
            photo_source.url,
            photo_source.page_url,
            photo_source.licence,
            photo_source.licence_url,
            photo_source.author,
            photo_source.title
        from core.photo_source
        where photo_source.sha256 = model_example.sha256
        order by photo_source.recorded_at asc, photo_source.url_sha256 asc, photo_source.sight_id asc
        limit 1
    ) as photo_attribution
    on true
where
    not exists (
        select 1
        from core.removed_photo
        where removed_photo.sha256 = model_example.sha256
    )
    -- What a visitor alone shared is shown as long as a person's acceptance stands: it may have been
    -- rejected for who is on it.
    and (
        not coalesce(
            (
                select bool_and(photo_source.source = 'contribution')
                from core.photo_source
                where photo_source.sha256 = model_example.sha256
            ),
            false
        )
        or exists (
            select 1
            from mart.accepted_label
            where accepted_label.sha256 = model_example.sha256
        )
    );

comment on view mart.model_example is 'One row per test photo that a judged version is shown by.';
comment on column mart.model_example.city_id is 'The city.';
comment on column mart.model_example.city_slug is 'Its ASCII name.';
comment on column mart.model_example.model_version is 'The model.';
comment on column mart.model_example.sha256 is 'The photo, in hex.';
comment on column mart.model_example.is_right is 'Whether it is among the best; else among the worst.';
comment on column mart.model_example.place is 'Its place among them, from 1.';
comment on column mart.model_example.there is 'What is there: [name, x1, y1, x2, y2], edges as shares of width and height.';
comment on column mart.model_example.shown is 'What is shown: [name, confidence, is right, x1, y1, x2, y2], surest first.';
comment on column mart.model_example.thumbnail is 'The photo as a JPEG of at most 100 KB, without metadata.';
comment on column mart.model_example.author is 'Who made it, as plain text.';
comment on column mart.model_example.title is 'Title in the catalogue.';
comment on column mart.model_example.licence is 'Short name of the licence; open ones only.';
comment on column mart.model_example.licence_url is 'Text of the licence.';
comment on column mart.model_example.page_url is 'The page that describes it.';
