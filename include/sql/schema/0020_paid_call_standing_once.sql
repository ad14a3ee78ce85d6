-- outside a transaction
-- squawk-disable-assume-in-transaction
-- A photo has one call that stands, or one more for each time that a person allowed it.
create unique index concurrently if not exists paid_call_standing_once
on core.paid_call (provider, feature, subject_sha256)
where state in ('reserved', 'succeeded', 'unknown') and resend_allowed_at is null;
