-- The bytes of a photo are copied straight to core.photo_blob, and only if they are new there, so
-- its staging row no longer carries them. As received also means: what a row lacks is found by the
-- merge, which keeps the row as a rejection; before, one such row failed its whole batch.
-- `bytes` may still be filled by a crawl that started before the upgrade.
-- squawk-ignore ban-drop-not-null
alter table load.photo alter column bytes drop not null;
alter table load.photo add column byte_count integer;
comment on column load.photo.bytes is 'Empty: the bytes go straight to core.photo_blob.';
comment on column load.photo.byte_count is 'Size of the bytes.';
