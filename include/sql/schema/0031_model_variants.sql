-- The same network once more, smaller: for phones. Its file is one of the model's.
create table core.model_variant (
    city_id text not null,
    model_version integer not null,
    kind text not null,
    file_name text not null,
    sha256 bytea not null,
    image_size integer not null,
    precision text not null,
    latency_milliseconds double precision not null,
    latency_processor text not null,
    map50 double precision not null,
    map50_95 double precision not null,
    shipped jsonb,
    state text not null default 'registered',
    decision text,
    onnx_signature bytea,
    onnx_signed_by bytea,
    recorded_at timestamptz not null default now(),
    primary key (city_id, model_version, kind),
    foreign key (city_id, model_version, file_name)
    references core.model_file (city_id, model_version, file_name),
    constraint model_variant_kind_known check (kind = 'live' and file_name = 'live.onnx'),
    constraint model_variant_sha256_length check (octet_length(sha256) = 32),
    constraint model_variant_precision_known check (precision in ('float16', 'int8')),
    constraint model_variant_latency_not_negative check (latency_milliseconds >= 0),
    constraint model_variant_metrics_range check (map50 between 0 and 1 and map50_95 between 0 and 1),
    constraint model_variant_state_known check (state in ('registered', 'offered', 'refused')),
    constraint model_variant_signature_whole check (
        (onnx_signature is null) = (onnx_signed_by is null)
        and octet_length(onnx_signature) = 64
        and octet_length(onnx_signed_by) = 32
    )
);
comment on table core.model_variant is
'Another form of a model''s network, with a file, a calibration and a worth of its own.';
comment on column core.model_variant.city_id is 'The city.';
comment on column core.model_variant.model_version is 'The model that it is a form of.';
comment on column core.model_variant.kind is 'live: for films on phones.';
comment on column core.model_variant.file_name is 'Its file among those of the model.';
comment on column core.model_variant.sha256 is 'SHA-256 of the file.';
comment on column core.model_variant.image_size is 'Side of the square that it is given, in pixels.';
comment on column core.model_variant.precision is 'How its weights are stored: float16 or int8; it computes in float32.';
comment on column core.model_variant.latency_milliseconds is
'Milliseconds for a photo, network and decoding, with one thread of ONNX Runtime on the host that trained it; the median.';
comment on column core.model_variant.latency_processor is 'The processor of that host, as it calls itself.';
comment on column core.model_variant.map50 is 'Mean average precision at IoU 0.5 on the frozen test photos.';
comment on column core.model_variant.map50_95 is 'Mean average precision over IoU 0.5 to 0.95 on them.';
comment on column core.model_variant.shipped is
'What it shows on them as published, as in core.model; null: not measured.';
comment on column core.model_variant.state is
'registered; then, with its model, offered, or refused: the model is used without it.';
comment on column core.model_variant.decision is 'Why it was offered or refused, in a sentence.';
comment on column core.model_variant.onnx_signature is
'Ed25519 signature over the bytes of the file; null: it is not signed.';
comment on column core.model_variant.onnx_signed_by is
'The public key that the signature is checked by; null with onnx_signature.';
comment on column core.model_variant.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.model_variant to sightscan_pipeline;
grant select on core.model_variant to sightscan_analyst;
