-- outside a transaction
-- squawk-disable-assume-in-transaction
-- Whoever shares a photo twice, or two who share the same, say it once.
create unique index concurrently if not exists label_of_contribution on core.label (city_id, sha256, sight_id)
where call_id is null;
