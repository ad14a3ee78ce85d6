-- Grain: one row per photo that a card shows.
create view mart.sight_card_photo as
select distinct on (sight_card.city_slug, sight_card.photo_sha256)
    sight_card.city_slug,
    sight_card.photo_sha256,
    photo_blob.bytes as photo
from mart.sight_card
inner join core.photo_blob on photo_blob.sha256 = decode(sight_card.photo_sha256, 'hex')
order by sight_card.city_slug, sight_card.photo_sha256;

comment on view mart.sight_card_photo is 'One row per photo that a card of a sight shows: the bytes.';
comment on column mart.sight_card_photo.city_slug is 'The city''s ASCII name.';
comment on column mart.sight_card_photo.photo_sha256 is 'The photo, in hex.';
comment on column mart.sight_card_photo.photo is 'The bytes as they were found.';
