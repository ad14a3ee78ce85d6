-- outside a transaction
-- squawk-disable-assume-in-transaction
-- The marts of one city read its labels in the order of their photos.
create index concurrently if not exists label_by_city on core.label (city_id, sha256) include (state);
