-- The normalised truth. Natural keys wherever nature gives one; hashes are 32 raw bytes.

create table core.city (
    city_id text primary key,
    slug text not null unique,
    name text not null,
    country text not null,
    latitude double precision not null,
    longitude double precision not null,
    radius_meters integer not null,
    state text not null default 'active',
    overrides jsonb not null default '{}',
    recorded_at timestamptz not null default now(),
    constraint city_id_is_wikidata check (city_id ~ '^Q[1-9][0-9]*$'),
    constraint city_slug_is_ascii check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    constraint city_latitude_range check (latitude between -90 and 90),
    constraint city_longitude_range check (longitude between -180 and 180),
    constraint city_radius_range check (radius_meters between 100 and 200000),
    constraint city_state_known check (state in ('active', 'disabled'))
);
comment on table core.city is 'The registry of cities. A retired city is disabled, never dropped.';
comment on column core.city.city_id is 'Wikidata id of the city, such as Q64.';
comment on column core.city.slug is 'ASCII name in DAG ids and folders; the Wikidata id is appended on a collision.';
comment on column core.city.name is 'Name as people write it, in English where Wikidata has it.';
comment on column core.city.country is 'English name of the country.';
comment on column core.city.latitude is 'Degrees north (WGS 84).';
comment on column core.city.longitude is 'Degrees east (WGS 84).';
comment on column core.city.radius_meters is 'A sight belongs to the city within this distance of its coordinates.';
comment on column core.city.state is 'active: has a DAG that runs; disabled: kept, not run.';
comment on column core.city.overrides is 'Caps and thresholds of this city that differ from the settings, by setting name.';
comment on column core.city.recorded_at is 'When the row became known.';

create table core.city_request (
    request_id uuid primary key,
    asked_name text not null,
    city_id text references core.city (city_id),
    stage text not null default 'received',
    detail text,
    vote_count integer not null default 1,
    asked_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    constraint city_request_stage_known check (stage in ('received', 'resolved', 'refused', 'merged')),
    constraint city_request_votes_positive check (vote_count >= 1)
);
comment on table core.city_request is 'Cities that people asked for, as asked and as resolved.';
comment on column core.city_request.request_id is 'Made by the asker, so that asking twice is asking once.';
comment on column core.city_request.asked_name is 'The name as it was typed.';
comment on column core.city_request.city_id is 'The city it was resolved to, if any.';
comment on column core.city_request.stage is 'received, resolved, refused (see detail) or merged into an earlier request.';
comment on column core.city_request.detail is 'Why it was refused, in a sentence for the asker.';
comment on column core.city_request.vote_count is 'How many people asked; one vote a person.';
comment on column core.city_request.asked_at is 'When it was asked for.';
comment on column core.city_request.recorded_at is 'When the row became known.';

create table core.sight (
    sight_id bigint generated always as identity primary key,
    city_id text not null references core.city (city_id),
    wikidata_id text,
    name text not null,
    normalised_name text not null,
    names jsonb not null default '{}',
    aliases text[] not null default '{}',
    latitude double precision,
    longitude double precision,
    commons_category text,
    freebase_id text,
    knowledge_graph_id text,
    place_id text,
    rank integer not null,
    sitelink_count integer not null default 0,
    recorded_at timestamptz not null default now(),
    constraint sight_wikidata_id_shape check (wikidata_id ~ '^Q[1-9][0-9]*$'),
    constraint sight_freebase_id_shape check (freebase_id ~ '^/m/[0-9a-z_]+$'),
    constraint sight_knowledge_graph_id_shape check (knowledge_graph_id ~ '^/g/[0-9a-z_]+$'),
    constraint sight_coordinates_whole check ((latitude is null) = (longitude is null)),
    constraint sight_latitude_range check (latitude between -90 and 90),
    constraint sight_longitude_range check (longitude between -180 and 180),
    constraint sight_rank_positive check (rank >= 1)
);
create unique index sight_by_wikidata_id on core.sight (city_id, wikidata_id) where wikidata_id is not null;
create unique index sight_by_name on core.sight (city_id, normalised_name) where wikidata_id is null;
comment on table core.sight is 'One building, bridge, monument or square of a city: a class of its detector.';
comment on column core.sight.sight_id is 'Surrogate id.';
comment on column core.sight.city_id is 'The city it stands in.';
comment on column core.sight.wikidata_id is 'Wikidata id, its identity where there is one.';
comment on column core.sight.name is 'Name on screen and class name of the model.';
comment on column core.sight.normalised_name is 'Lower case, no accents or punctuation: the identity where there is no Wikidata id.';
comment on column core.sight.names is 'Names by language code.';
comment on column core.sight.aliases is 'Other names in any language, as written.';
comment on column core.sight.latitude is 'Degrees north (WGS 84).';
comment on column core.sight.longitude is 'Degrees east (WGS 84).';
comment on column core.sight.commons_category is 'Category of Wikimedia Commons (P373), without the prefix.';
comment on column core.sight.freebase_id is 'Freebase id (P646), one form of the mid that Google Vision answers.';
comment on column core.sight.knowledge_graph_id is 'Google Knowledge Graph id (P2671), the other form of the mid.';
comment on column core.sight.place_id is 'Google place id; the only thing of Places that may be stored.';
comment on column core.sight.rank is 'Place in the order of fame, 1 first.';
comment on column core.sight.sitelink_count is 'Wikipedia and sister pages about it: the measure behind rank.';
comment on column core.sight.recorded_at is 'When the row became known.';

create table core.photo (
    sha256 bytea primary key,
    byte_count integer not null,
    width_pixels integer not null,
    height_pixels integer not null,
    media_type text not null,
    perceptual_hash bytea not null,
    cluster_sha256 bytea not null,
    recorded_at timestamptz not null default now(),
    constraint photo_sha256_length check (octet_length(sha256) = 32),
    constraint photo_hash_length check (octet_length(perceptual_hash) = 32),
    constraint photo_cluster_length check (octet_length(cluster_sha256) = 32),
    constraint photo_size_positive check (byte_count > 0 and width_pixels > 0 and height_pixels > 0),
    constraint photo_media_type_known check (media_type in ('image/jpeg', 'image/png', 'image/webp'))
);
create index photo_by_cluster on core.photo (cluster_sha256);
comment on table core.photo is 'One photo, known by the sha256 of its bytes.';
comment on column core.photo.sha256 is 'SHA-256 of the bytes as stored.';
comment on column core.photo.byte_count is 'Size of the bytes.';
comment on column core.photo.width_pixels is 'Width, upright.';
comment on column core.photo.height_pixels is 'Height, upright.';
comment on column core.photo.media_type is 'What the bytes are, sniffed.';
comment on column core.photo.perceptual_hash is '256-bit perceptual hash (pHash, 16 x 16), row by row, most significant bit first.';
comment on column core.photo.cluster_sha256 is 'Near-duplicate cluster: the smallest sha256 among its members.';
comment on column core.photo.recorded_at is 'When the row became known.';

create table core.photo_blob (
    sha256 bytea primary key references core.photo (sha256),
    bytes bytea,
    uri text,
    constraint photo_blob_one_place check (num_nonnulls(bytes, uri) = 1)
);
-- Photos do not compress: trying costs time and gains nothing.
alter table core.photo_blob alter column bytes set storage external;
comment on table core.photo_blob is 'The bytes of the photos, the only place where they are.';
comment on column core.photo_blob.sha256 is 'The photo.';
comment on column core.photo_blob.bytes is 'The bytes, unless they are in an object store.';
comment on column core.photo_blob.uri is 'Where the object store has them.';

create table core.photo_source (
    sha256 bytea not null references core.photo (sha256),
    url_sha256 bytea not null,
    sight_id bigint not null references core.sight (sight_id),
    url text not null,
    page_url text,
    source text not null,
    licence text not null,
    licence_url text,
    author text,
    title text,
    query text not null,
    found_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (sha256, url_sha256, sight_id),
    constraint photo_source_url_hash_length check (octet_length(url_sha256) = 32)
);
create index photo_source_by_sight on core.photo_source (sight_id, sha256);
create index photo_source_by_url on core.photo_source (url_sha256, sight_id);
comment on table core.photo_source is 'Where a photo was found and for which sight: the weak label and the attribution.';
comment on column core.photo_source.sha256 is 'The photo.';
comment on column core.photo_source.url_sha256 is 'SHA-256 of the URL (a URL may be longer than an index entry may).';
comment on column core.photo_source.sight_id is 'The sight that was searched for.';
comment on column core.photo_source.url is 'Where the bytes came from.';
comment on column core.photo_source.page_url is 'The page that describes the photo.';
comment on column core.photo_source.source is 'The catalogue it was found in, such as wikimedia_commons.';
comment on column core.photo_source.licence is 'Short name of the licence; unknown where none is given.';
comment on column core.photo_source.licence_url is 'Text of the licence.';
comment on column core.photo_source.author is 'Who made it, as plain text.';
comment on column core.photo_source.title is 'Title in the catalogue.';
comment on column core.photo_source.query is 'The search term or category that led to it.';
comment on column core.photo_source.found_at is 'When it was fetched.';
comment on column core.photo_source.recorded_at is 'When the row became known.';

create table core.rejected_photo (
    url_sha256 bytea not null,
    sight_id bigint not null references core.sight (sight_id),
    url text not null,
    source text not null,
    reason text not null,
    detail text,
    recorded_at timestamptz not null default now(),
    primary key (url_sha256, sight_id),
    constraint rejected_photo_url_hash_length check (octet_length(url_sha256) = 32)
);
comment on table core.rejected_photo is 'What was found and not kept, with the reason.';
comment on column core.rejected_photo.url_sha256 is 'SHA-256 of the URL.';
comment on column core.rejected_photo.sight_id is 'The sight that was searched for.';
comment on column core.rejected_photo.url is 'Where it was found.';
comment on column core.rejected_photo.source is 'The catalogue it was found in.';
comment on column core.rejected_photo.reason is 'One word: too_small, not_an_image, opted_out, too_large, ...';
comment on column core.rejected_photo.detail is 'What exactly was seen.';
comment on column core.rejected_photo.recorded_at is 'When the row became known.';

create table core.removed_photo (
    sha256 bytea primary key,
    reason text not null,
    removed_by text not null,
    recorded_at timestamptz not null default now(),
    constraint removed_photo_sha256_length check (octet_length(sha256) = 32)
);
comment on table core.removed_photo is 'Tombstones of take-downs: these bytes are never stored again.';
comment on column core.removed_photo.sha256 is 'The photo that was taken down.';
comment on column core.removed_photo.reason is 'Why.';
comment on column core.removed_photo.removed_by is 'Who asked for it.';
comment on column core.removed_photo.recorded_at is 'When the row became known.';

create table core.paid_call (
    call_id bigint generated always as identity primary key,
    provider text not null,
    feature text not null,
    subject_sha256 bytea not null,
    attempt smallint not null,
    city_id text not null references core.city (city_id),
    dag_id text not null,
    run_id text not null,
    state text not null default 'reserved',
    unit_count integer not null default 1,
    price_usd numeric(12, 6) not null,
    answer jsonb,
    error text,
    reserved_at timestamptz not null default now(),
    settled_at timestamptz,
    recorded_at timestamptz not null default now(),
    unique (provider, feature, subject_sha256, attempt),
    constraint paid_call_state_known check (state in ('reserved', 'succeeded', 'failed', 'unknown')),
    constraint paid_call_settled check ((state = 'reserved') = (settled_at is null)),
    constraint paid_call_answered check (state <> 'succeeded' or answer is not null),
    constraint paid_call_units_positive check (unit_count > 0),
    constraint paid_call_price_not_negative check (price_usd >= 0)
);
create unique index paid_call_once on core.paid_call (provider, feature, subject_sha256)
where state in ('reserved', 'succeeded', 'unknown');
create index paid_call_by_city on core.paid_call (city_id, provider, feature);
create index paid_call_by_run on core.paid_call (dag_id, run_id);
comment on table core.paid_call is 'The ledger: reserved and committed before the call is sent, settled after it.';
comment on column core.paid_call.call_id is 'Surrogate id.';
comment on column core.paid_call.provider is 'Who is paid, such as google_vision.';
comment on column core.paid_call.feature is 'What for, such as landmark_detection.';
comment on column core.paid_call.subject_sha256 is 'What it was about: the photo, or the hash of the query.';
comment on column core.paid_call.attempt is 'First, second, ... try about the same subject.';
comment on column core.paid_call.city_id is 'The city that pays.';
comment on column core.paid_call.dag_id is 'The DAG that reserved it.';
comment on column core.paid_call.run_id is 'The run that reserved it.';
comment on column core.paid_call.state is 'reserved, then succeeded, failed (provably not processed) or unknown (counts as spent).';
comment on column core.paid_call.unit_count is 'Units as billed: images.';
comment on column core.paid_call.price_usd is 'Price in force when it was reserved, in US dollars.';
comment on column core.paid_call.answer is 'The answer whole; an empty one is an answer.';
comment on column core.paid_call.error is 'What went wrong, if something did.';
comment on column core.paid_call.reserved_at is 'When it was reserved.';
comment on column core.paid_call.settled_at is 'When its fate became known.';
comment on column core.paid_call.recorded_at is 'When the row became known.';

create table core.label (
    label_id bigint generated always as identity primary key,
    call_id bigint not null references core.paid_call (call_id),
    annotation_number smallint not null,
    city_id text not null references core.city (city_id),
    sha256 bytea not null references core.photo (sha256),
    sight_id bigint references core.sight (sight_id),
    description text not null,
    mid text,
    score real not null,
    x1 real not null,
    y1 real not null,
    x2 real not null,
    y2 real not null,
    latitude double precision,
    longitude double precision,
    state text not null,
    reason text,
    recorded_at timestamptz not null default now(),
    unique (call_id, annotation_number, city_id),
    constraint label_state_known check (state in ('accepted', 'held_back', 'unmatched')),
    constraint label_accepted_has_sight check (state <> 'accepted' or sight_id is not null),
    constraint label_reason_given check (state = 'accepted' or reason is not null),
    constraint label_box_inside check (x1 >= 0 and y1 >= 0 and x2 <= 1 and y2 <= 1 and x1 <= x2 and y1 <= y2),
    constraint label_box_not_empty check (state <> 'accepted' or (x1 < x2 and y1 < y2))
);
create index label_by_photo on core.label (sha256);
create index label_by_sight on core.label (sight_id, state);
comment on table core.label is 'One landmark that was seen on one photo, as a box of a sight or as something else.';
comment on column core.label.label_id is 'Surrogate id.';
comment on column core.label.call_id is 'The paid call that gave it.';
comment on column core.label.annotation_number is 'Its number in the answer, from 0.';
comment on column core.label.city_id is 'The city it was read for.';
comment on column core.label.sha256 is 'The photo.';
comment on column core.label.sight_id is 'The sight it was matched to, if any.';
comment on column core.label.description is 'Name as the provider gave it.';
comment on column core.label.mid is 'Knowledge Graph id as the provider gave it.';
comment on column core.label.score is 'Confidence of the provider, 0 to 1.';
comment on column core.label.x1 is 'Left edge, share of the width.';
comment on column core.label.y1 is 'Upper edge, share of the height, from the top.';
comment on column core.label.x2 is 'Right edge, share of the width.';
comment on column core.label.y2 is 'Lower edge, share of the height, from the top.';
comment on column core.label.latitude is 'Where the provider places the landmark, degrees north.';
comment on column core.label.longitude is 'Where the provider places the landmark, degrees east.';
comment on column core.label.state is 'accepted: trains; held_back: see reason; unmatched: no sight of this city.';
comment on column core.label.reason is 'Why it is not accepted.';
comment on column core.label.recorded_at is 'When the row became known.';

create table core.label_review (
    review_id uuid primary key,
    label_id bigint not null references core.label (label_id),
    decision text not null,
    sight_id bigint references core.sight (sight_id),
    reviewed_by text not null,
    reason text,
    reviewed_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    constraint label_review_decision_known check (decision in ('accept', 'reject', 'rename')),
    constraint label_review_rename_has_sight check ((decision = 'rename') = (sight_id is not null))
);
create index label_review_by_label on core.label_review (label_id, recorded_at);
comment on table core.label_review is 'What people decided about labels; the last decision counts.';
comment on column core.label_review.review_id is 'Made by the reviewer''s page.';
comment on column core.label_review.label_id is 'The label.';
comment on column core.label_review.decision is 'accept, reject or rename.';
comment on column core.label_review.sight_id is 'The sight it was renamed to.';
comment on column core.label_review.reviewed_by is 'Who.';
comment on column core.label_review.reason is 'Why, if it was said.';
comment on column core.label_review.reviewed_at is 'When.';
comment on column core.label_review.recorded_at is 'When the row became known.';

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

create table core.dataset_photo (
    city_id text not null,
    dataset_version integer not null,
    sha256 bytea not null references core.photo (sha256),
    split text not null,
    primary key (city_id, dataset_version, sha256),
    foreign key (city_id, dataset_version) references core.dataset (city_id, dataset_version),
    constraint dataset_photo_split_known check (split in ('train', 'val', 'test'))
);
create index dataset_photo_by_photo on core.dataset_photo (sha256);
comment on table core.dataset_photo is 'Which photo is in which split of which dataset, for ever.';
comment on column core.dataset_photo.city_id is 'The city.';
comment on column core.dataset_photo.dataset_version is 'The dataset.';
comment on column core.dataset_photo.sha256 is 'The photo.';
comment on column core.dataset_photo.split is 'train, val or test; the same for the whole near-duplicate cluster.';

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
    constraint model_state_known check (state in ('registered', 'published', 'refused'))
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
comment on table core.publication is 'Which model is in place, since when, by whom and why; the last row of a city counts.';
comment on column core.publication.publication_id is 'Surrogate id, in order of time.';
comment on column core.publication.city_id is 'The city.';
comment on column core.publication.model_version is 'The model put in place.';
comment on column core.publication.published_by is 'The run or the person.';
comment on column core.publication.reason is 'Why; a rollback says so.';
comment on column core.publication.published_at is 'Since when.';
comment on column core.publication.recorded_at is 'When the row became known.';

create table core.rate_limit (
    bucket text primary key,
    capacity double precision not null,
    refill_per_second double precision not null,
    tokens double precision not null,
    refilled_at timestamptz not null default now(),
    constraint rate_limit_tokens_range check (tokens <= capacity),
    constraint rate_limit_refill_positive check (refill_per_second > 0)
);
comment on table core.rate_limit is 'Token buckets that all workers share.';
comment on column core.rate_limit.bucket is 'What is limited, such as google_vision.images.';
comment on column core.rate_limit.capacity is 'The most tokens it can hold.';
comment on column core.rate_limit.refill_per_second is 'Tokens that come back each second.';
comment on column core.rate_limit.tokens is 'Tokens at refilled_at; below zero: taken in advance.';
comment on column core.rate_limit.refilled_at is 'When tokens was last computed.';

create table core.check_result (
    check_id bigint generated always as identity primary key,
    check_name text not null,
    severity text not null,
    offending_count bigint not null,
    offending_sample jsonb not null default '[]',
    dag_id text not null,
    run_id text not null,
    recorded_at timestamptz not null default now(),
    constraint check_result_severity_known check (severity in ('fail', 'warn'))
);
create index check_result_by_name on core.check_result (check_name, recorded_at);
comment on table core.check_result is 'What the data checks found, each time they ran.';
comment on column core.check_result.check_id is 'Surrogate id.';
comment on column core.check_result.check_name is 'File name of the check, without its ending.';
comment on column core.check_result.severity is 'fail or warn.';
comment on column core.check_result.offending_count is 'Rows that break the claim.';
comment on column core.check_result.offending_sample is 'The first of them.';
comment on column core.check_result.dag_id is 'The DAG that asked.';
comment on column core.check_result.run_id is 'The run that asked.';
comment on column core.check_result.recorded_at is 'When the row became known.';

create table core.stage_report (
    dag_id text not null,
    run_id text not null,
    city_id text not null references core.city (city_id),
    task_id text not null,
    subject text not null default '',
    report jsonb not null,
    recorded_at timestamptz not null default now(),
    primary key (dag_id, run_id, task_id, subject)
);
comment on table core.stage_report is 'What each task of a run did, in counts: the run''s summary.';
comment on column core.stage_report.dag_id is 'The DAG.';
comment on column core.stage_report.run_id is 'The run.';
comment on column core.stage_report.city_id is 'The city.';
comment on column core.stage_report.task_id is 'The task.';
comment on column core.stage_report.subject is 'What a mapped task worked on, such as a sight; else empty.';
comment on column core.stage_report.report is 'Counts, reasons and decisions.';
comment on column core.stage_report.recorded_at is 'When the row became known.';

grant select, insert, update, delete on all tables in schema core to sightscan_pipeline;
grant select on all tables in schema core to sightscan_analyst;
-- The next migrations grant for their own tables; nothing is granted by default.
