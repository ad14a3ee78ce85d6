-- A photo that a card of the city shows, as it was found; no row of one that was removed meanwhile.
select sight_card_photo.photo
from mart.sight_card_photo
where
    sight_card_photo.city_slug = %(city_slug)s
    and sight_card_photo.photo_sha256 = %(photo_sha256)s
