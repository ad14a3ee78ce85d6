-- outside a transaction
-- squawk-disable-assume-in-transaction
-- The refresh of the facts asks which labels were read anew.
create index concurrently if not exists label_by_change on core.label (changed_at);
