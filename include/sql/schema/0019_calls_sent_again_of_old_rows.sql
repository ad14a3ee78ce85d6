-- Reads all rows while others go on writing.
alter table core.paid_call validate constraint paid_call_resent_if_unknown;
