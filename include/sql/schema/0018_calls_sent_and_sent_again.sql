-- Calls that are provably not sent, and unknown ones that a person has allowed to be sent again.

alter table core.paid_call add column sent_at timestamptz;
-- A program of the version before does not note when it sends: what it reserves counts as sent.
alter table core.paid_call alter column sent_at set default clock_timestamp();
update core.paid_call set sent_at = reserved_at
where state = 'reserved';
comment on column core.paid_call.sent_at is 'Just before it was sent, committed; null in a call that was reserved: provably not sent.';

alter table core.paid_call add column resend_allowed_at timestamptz;
alter table core.paid_call add column resend_allowed_by text;
comment on column core.paid_call.resend_allowed_at is 'When a person allowed to send it again: it still counts, the next attempt counts in addition.';
comment on column core.paid_call.resend_allowed_by is 'Who allowed it.';
alter table core.paid_call add constraint paid_call_resent_if_unknown
check (resend_allowed_at is null or (state = 'unknown' and resend_allowed_by is not null)) not valid;
