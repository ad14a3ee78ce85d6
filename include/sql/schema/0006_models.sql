-- From a frozen dataset to a model in place, the instances that train it, and what people say of it.

create table core.dataset (
    city_id text not null references core.city (city_id),
    dataset_version integer not null,
    sha256 bytea not null,
    class_names text[] not null,
    sight_ids bigint[] not null,
    train_count integer not null,
    val_count integer not null,
    test_count integer not null,
    dag_id text not null,
    run_id text not null,
    recorded_at timestamptz not null default now(),
    primary key (city_id, dataset_version),
    unique (city_id, sha256),
    constraint dataset_version_positive check (dataset_version >= 1),
    constraint dataset_sha256_length check (octet_length(sha256) = 32),
    constraint dataset_classes_named check (cardinality(class_names) = cardinality(sight_ids) and cardinality(class_names) > 0),
    constraint dataset_splits_filled check (train_count > 0 and val_count > 0 and test_count > 0)
);
comment on table core.dataset is 'A frozen training set of a city.';
comment on column core.dataset.city_id is 'The city.';
comment on column core.dataset.dataset_version is 'From 1.';
comment on column core.dataset.sha256 is 'SHA-256 over classes, photos, splits and boxes: equal content, equal hash.';
comment on column core.dataset.class_names is 'Class names in the order of their class numbers.';
comment on column core.dataset.sight_ids is 'The sights behind them, in the same order.';
comment on column core.dataset.train_count is 'Photos to train on.';
comment on column core.dataset.val_count is 'Photos to choose the best epoch with.';
comment on column core.dataset.test_count is 'Frozen photos that judge, never trained on.';
comment on column core.dataset.dag_id is 'The DAG that froze it.';
comment on column core.dataset.run_id is 'The run that froze it.';
comment on column core.dataset.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.dataset to sightscan_pipeline;
grant select on core.dataset to sightscan_analyst;

-- The record of a frozen dataset outlives its photos: the hash has no foreign key.
create table core.dataset_photo (
    city_id text not null,
    dataset_version integer not null,
    sha256 bytea not null,
    split text not null,
    primary key (city_id, dataset_version, sha256),
    foreign key (city_id, dataset_version) references core.dataset (city_id, dataset_version),
    constraint dataset_photo_split_known check (split in ('train', 'val', 'test'))
);
create index dataset_photo_by_photo on core.dataset_photo (sha256);
comment on table core.dataset_photo is 'Which photo is in which split of which dataset, for ever.';
comment on column core.dataset_photo.city_id is 'The city.';
comment on column core.dataset_photo.dataset_version is 'The dataset.';
comment on column core.dataset_photo.sha256 is 'The photo; in core.removed_photo if it was taken down.';
comment on column core.dataset_photo.split is 'train, val or test; the same for the whole near-duplicate cluster.';
grant select, insert, update, delete on core.dataset_photo to sightscan_pipeline;
grant select on core.dataset_photo to sightscan_analyst;

create table core.dataset_box (
    city_id text not null,
    dataset_version integer not null,
    sha256 bytea not null,
    box_number smallint not null,
    class_number smallint not null,
    x1 real not null,
    y1 real not null,
    x2 real not null,
    y2 real not null,
    primary key (city_id, dataset_version, sha256, box_number),
    foreign key (city_id, dataset_version, sha256)
    references core.dataset_photo (city_id, dataset_version, sha256),
    constraint dataset_box_inside check (x1 >= 0 and y1 >= 0 and x2 <= 1 and y2 <= 1 and x1 < x2 and y1 < y2),
    constraint dataset_box_class_not_negative check (class_number >= 0)
);
comment on table core.dataset_box is 'The boxes of a dataset as they were when it was frozen.';
comment on column core.dataset_box.city_id is 'The city.';
comment on column core.dataset_box.dataset_version is 'The dataset.';
comment on column core.dataset_box.sha256 is 'The photo.';
comment on column core.dataset_box.box_number is 'From 0, within the photo.';
comment on column core.dataset_box.class_number is 'From 0, position in class_names.';
comment on column core.dataset_box.x1 is 'Left edge, share of the width.';
comment on column core.dataset_box.y1 is 'Upper edge, share of the height, from the top.';
comment on column core.dataset_box.x2 is 'Right edge, share of the width.';
comment on column core.dataset_box.y2 is 'Lower edge, share of the height, from the top.';
grant select, insert, update, delete on core.dataset_box to sightscan_pipeline;
grant select on core.dataset_box to sightscan_analyst;

create table core.instance_lease (
    instance_id text primary key,
    city_id text not null references core.city (city_id),
    dag_id text not null,
    run_id text not null,
    leased_at timestamptz not null default now(),
    deadline_at timestamptz not null,
    unique (dag_id, run_id),
    constraint instance_lease_ends_later check (deadline_at > leased_at)
);
comment on table core.instance_lease is 'Who holds which GPU instance; an instance runs only while a row is here.';
comment on column core.instance_lease.instance_id is 'EC2 instance id.';
comment on column core.instance_lease.city_id is 'The city it works for.';
comment on column core.instance_lease.dag_id is 'The DAG that holds it.';
comment on column core.instance_lease.run_id is 'The run that holds it.';
comment on column core.instance_lease.leased_at is 'Since when.';
comment on column core.instance_lease.deadline_at is 'Until when at most; past it the reaper frees and stops.';
grant select, insert, update, delete on core.instance_lease to sightscan_pipeline;
grant select on core.instance_lease to sightscan_analyst;

create table core.instance_session (
    session_id bigint generated always as identity primary key,
    instance_id text not null,
    city_id text references core.city (city_id),
    dag_id text not null,
    run_id text not null,
    price_per_hour_usd numeric(10, 4) not null,
    started_at timestamptz not null,
    running_at timestamptz,
    stopped_at timestamptz,
    stopped_by text,
    recorded_at timestamptz not null default now(),
    constraint instance_session_order check (running_at >= started_at and stopped_at >= started_at),
    constraint instance_session_stop_signed check ((stopped_at is null) = (stopped_by is null))
);
create unique index instance_session_open on core.instance_session (instance_id) where stopped_at is null;
create index instance_session_by_city on core.instance_session (city_id);
comment on table core.instance_session is 'One start to stop of an instance: what the GPU costs. A start is not a training.';
comment on column core.instance_session.session_id is 'Surrogate id.';
comment on column core.instance_session.instance_id is 'EC2 instance id.';
comment on column core.instance_session.city_id is 'The city it was started for.';
comment on column core.instance_session.dag_id is 'The DAG that started it.';
comment on column core.instance_session.run_id is 'The run that started it.';
comment on column core.instance_session.price_per_hour_usd is 'Price in force at the start, in US dollars an hour.';
comment on column core.instance_session.started_at is 'When the start was asked for.';
comment on column core.instance_session.running_at is 'When EC2 said running; seconds are billed from here.';
comment on column core.instance_session.stopped_at is 'When EC2 said stopped.';
comment on column core.instance_session.stopped_by is 'teardown, reaper, or who else.';
comment on column core.instance_session.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.instance_session to sightscan_pipeline;
grant select on core.instance_session to sightscan_analyst;

create table core.training_run (
    training_id bigint generated always as identity primary key,
    city_id text not null,
    dataset_version integer not null,
    dag_id text not null,
    run_id text not null,
    session_id bigint references core.instance_session (session_id),
    request jsonb not null,
    epoch_metrics jsonb not null default '[]',
    state text not null default 'requested',
    error text,
    started_at timestamptz,
    finished_at timestamptz,
    recorded_at timestamptz not null default now(),
    unique (dag_id, run_id),
    foreign key (city_id, dataset_version) references core.dataset (city_id, dataset_version),
    constraint training_run_state_known check (state in ('requested', 'running', 'succeeded', 'failed'))
);
comment on table core.training_run is 'One training, asked for, running, done or failed.';
comment on column core.training_run.training_id is 'Surrogate id.';
comment on column core.training_run.city_id is 'The city.';
comment on column core.training_run.dataset_version is 'What it trains on.';
comment on column core.training_run.dag_id is 'The DAG that asked for it.';
comment on column core.training_run.run_id is 'The run that asked for it.';
comment on column core.training_run.session_id is 'The instance session it ran in.';
comment on column core.training_run.request is 'request.json as it was sent.';
comment on column core.training_run.epoch_metrics is 'One object an epoch, as the trainer reported them.';
comment on column core.training_run.state is 'requested, running, succeeded or failed.';
comment on column core.training_run.error is 'Why it failed.';
comment on column core.training_run.started_at is 'When the trainer was started.';
comment on column core.training_run.finished_at is 'When it ended.';
comment on column core.training_run.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.training_run to sightscan_pipeline;
grant select on core.training_run to sightscan_analyst;

create table core.model (
    city_id text not null,
    model_version integer not null,
    dataset_version integer not null,
    training_id bigint not null unique references core.training_run (training_id),
    class_names text[] not null,
    image_size integer not null,
    onnx_sha256 bytea not null,
    weights_sha256 bytea not null,
    map50 double precision not null,
    map50_95 double precision not null,
    class_metrics jsonb not null,
    result jsonb not null,
    state text not null default 'registered',
    decision text,
    recorded_at timestamptz not null default now(),
    primary key (city_id, model_version),
    foreign key (city_id, dataset_version) references core.dataset (city_id, dataset_version),
    constraint model_version_positive check (model_version >= 1),
    constraint model_metrics_range check (map50 between 0 and 1 and map50_95 between 0 and 1),
    constraint model_state_known check (state in ('registered', 'published', 'refused')),
    constraint model_hashes_length check (
        octet_length(onnx_sha256) = 32 and octet_length(weights_sha256) = 32
    )
);
comment on table core.model is 'A trained model, its measures and its hashes.';
comment on column core.model.city_id is 'The city.';
comment on column core.model.model_version is 'From 1.';
comment on column core.model.dataset_version is 'What it was trained on.';
comment on column core.model.training_id is 'The training that made it.';
comment on column core.model.class_names is 'Class names in the order of their class numbers.';
comment on column core.model.image_size is 'Side of the square it was trained at, in pixels.';
comment on column core.model.onnx_sha256 is 'SHA-256 of model.onnx.';
comment on column core.model.weights_sha256 is 'SHA-256 of weights.safetensors.';
comment on column core.model.map50 is 'Mean average precision at IoU 0.5 on the frozen test photos.';
comment on column core.model.map50_95 is 'Mean average precision over IoU 0.5 to 0.95 on the frozen test photos.';
comment on column core.model.class_metrics is 'One object a class: measures and counts on the test photos.';
comment on column core.model.result is 'result.json whole.';
comment on column core.model.state is 'registered; then published (was put in place once) or refused.';
comment on column core.model.decision is 'Why it was published or refused, in a sentence.';
comment on column core.model.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.model to sightscan_pipeline;
grant select on core.model to sightscan_analyst;

create table core.model_file (
    city_id text not null,
    model_version integer not null,
    file_name text not null,
    sha256 bytea not null,
    bytes bytea not null,
    primary key (city_id, model_version, file_name),
    foreign key (city_id, model_version) references core.model (city_id, model_version),
    constraint model_file_sha256_length check (octet_length(sha256) = 32)
);
alter table core.model_file alter column bytes set storage external;
comment on table core.model_file is 'The files of a model: ONNX, safetensors, drawings. Never a pickle.';
comment on column core.model_file.city_id is 'The city.';
comment on column core.model_file.model_version is 'The model.';
comment on column core.model_file.file_name is 'Name in the model folder.';
comment on column core.model_file.sha256 is 'SHA-256 of the bytes.';
comment on column core.model_file.bytes is 'The file.';
grant select, insert, update, delete on core.model_file to sightscan_pipeline;
grant select on core.model_file to sightscan_analyst;

create table core.publication (
    publication_id bigint generated always as identity primary key,
    city_id text not null,
    model_version integer not null,
    published_by text not null,
    reason text not null,
    published_at timestamptz not null default now(),
    recorded_at timestamptz not null default now(),
    foreign key (city_id, model_version) references core.model (city_id, model_version)
);
create index publication_by_city on core.publication (city_id, publication_id desc);
create index publication_by_time on core.publication (recorded_at);
comment on table core.publication is 'Which model is in place, since when, by whom and why; the last row of a city counts.';
comment on column core.publication.publication_id is 'Surrogate id, in order of time.';
comment on column core.publication.city_id is 'The city.';
comment on column core.publication.model_version is 'The model put in place.';
comment on column core.publication.published_by is 'The run or the person.';
comment on column core.publication.reason is 'Why; a rollback says so.';
comment on column core.publication.published_at is 'Since when.';
comment on column core.publication.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.publication to sightscan_pipeline;
grant select on core.publication to sightscan_analyst;

create table core.imported_model (
    city_id text not null references core.city (city_id),
    sha256 bytea not null,
    model_version integer not null,
    bytes bytea not null,
    trained_at timestamptz,
    recorded_at timestamptz not null default now(),
    primary key (city_id, sha256),
    constraint imported_model_sha256_length check (octet_length(sha256) = 32),
    constraint imported_model_version_positive check (model_version >= 1)
);
-- Weights do not compress.
alter table core.imported_model alter column bytes set storage external;
comment on table core.imported_model is 'Models of the first SightScan as files (pickles): never loaded, never offered to the app; a person may export them.';
comment on column core.imported_model.city_id is 'The city.';
comment on column core.imported_model.sha256 is 'SHA-256 of the bytes.';
comment on column core.imported_model.model_version is 'Its version there; not a version of core.model.';
comment on column core.imported_model.bytes is 'The file as it was.';
comment on column core.imported_model.trained_at is 'When the first SightScan stored it.';
comment on column core.imported_model.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.imported_model to sightscan_pipeline;
grant select on core.imported_model to sightscan_analyst;

create table load.report (
    report_id uuid not null,
    city_id text not null,
    model_version integer,
    message text not null,
    reported_at timestamptz not null default now(),
    constraint report_message_length check (char_length(message) between 1 and 2000)
);
comment on table load.report is 'Inbox: wrong answers that people report.';
comment on column load.report.report_id is 'Made by the app.';
comment on column load.report.city_id is 'The city that was chosen.';
comment on column load.report.model_version is 'The model that answered.';
comment on column load.report.message is 'What was wrong.';
comment on column load.report.reported_at is 'When.';
grant select, insert, update, delete on load.report to sightscan_pipeline;
grant insert on load.report to sightscan_app;
