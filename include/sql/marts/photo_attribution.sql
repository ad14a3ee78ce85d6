-- Grain: one row per photo of a city: where it was found first, so whom to name.
create view mart.photo_attribution as
select distinct on (sight.city_id, photo_source.sha256)
    sight.city_id,
    photo_source.sha256,
    photo_source.url,
    photo_source.page_url,
    photo_source.source,
    photo_source.licence,
    photo_source.licence_url,
    photo_source.author,
    photo_source.title,
    photo_source.recorded_at
from core.photo_source
inner join core.sight on photo_source.sight_id = sight.sight_id
order by
    sight.city_id asc,
    photo_source.sha256 asc,
    photo_source.recorded_at asc,
    photo_source.url_sha256 asc,
    photo_source.sight_id asc;

comment on view mart.photo_attribution is 'One row per photo of a city: whom to name, and under which licence it is.';
comment on column mart.photo_attribution.city_id is 'The city.';
comment on column mart.photo_attribution.sha256 is 'The photo.';
comment on column mart.photo_attribution.url is 'Where the bytes came from.';
comment on column mart.photo_attribution.page_url is 'The page that describes it.';
comment on column mart.photo_attribution.source is 'The catalogue it was found in.';
comment on column mart.photo_attribution.licence is 'Short name of the licence.';
comment on column mart.photo_attribution.licence_url is 'Text of the licence.';
comment on column mart.photo_attribution.author is 'Who made it, as plain text.';
comment on column mart.photo_attribution.title is 'Title in the catalogue.';
comment on column mart.photo_attribution.recorded_at is 'When it was found first.';
