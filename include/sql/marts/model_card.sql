-- Grain: one row per judged version of a city's model that has a card.
create view mart.model_card as
select
    model_card.city_id,
    city.slug as city_slug,
    model_card.model_version,
    model_card.markdown,
    model_card.confusions,
    model_card.recorded_at
from core.model_card
inner join core.city on model_card.city_id = city.city_id;

comment on view mart.model_card is 'One row per judged version of a city''s model that has a card.';
comment on column mart.model_card.city_id is 'The city.';
comment on column mart.model_card.city_slug is 'Its ASCII name.';
comment on column mart.model_card.model_version is 'The model.';
comment on column mart.model_card.markdown is 'The card, in Markdown, without the logins of people.';
comment on column mart.model_card.confusions is
'How often what is there (rows) is shown as what (columns): a row for each class in its order, the last for nothing.';
comment on column mart.model_card.recorded_at is 'When it was written.';
