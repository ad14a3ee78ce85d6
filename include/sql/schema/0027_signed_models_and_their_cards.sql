-- Who signed a model's file, and what the model shows on each test photo: its card is made of that.
alter table core.model add column onnx_signature bytea;
alter table core.model add column onnx_signed_by bytea;
comment on column core.model.onnx_signature is
'Ed25519 signature over the bytes of model.onnx; null: it is not signed.';
comment on column core.model.onnx_signed_by is
'The public key that the signature is checked by; null with onnx_signature.';
-- At once valid: a row a model is read in a moment.
-- squawk-ignore constraint-missing-not-valid
alter table core.model add constraint model_signature_whole check (
    (onnx_signature is null) = (onnx_signed_by is null)
    and octet_length(onnx_signature) = 64
    and octet_length(onnx_signed_by) = 32
);

create table core.model_test_photo (
    city_id text not null,
    model_version integer not null,
    sha256 bytea not null,
    shown jsonb not null,
    primary key (city_id, model_version, sha256),
    foreign key (city_id, model_version) references core.model (city_id, model_version),
    constraint model_test_photo_shown_is_a_list check (jsonb_typeof(shown) = 'array')
);
comment on table core.model_test_photo is
'What a model showed on each frozen test photo of its dataset when it was judged; none: judged by an older version.';
comment on column core.model_test_photo.city_id is 'The city.';
comment on column core.model_test_photo.model_version is 'The model.';
comment on column core.model_test_photo.sha256 is 'The photo, which may have been taken down since.';
comment on column core.model_test_photo.shown is
'Its boxes, surest first: [class number, confidence, x1, y1, x2, y2]; those of sights that are not shown as well.';
grant select, insert, update, delete on core.model_test_photo to sightscan_pipeline;
grant select on core.model_test_photo to sightscan_analyst;
