-- All that is there of photos that were taken down, in all layers, except the ledger (money), the
-- frozen datasets (history) and the tombstones. The foreign keys are checked when all are gone.
with address as (
    select photo_source.url_sha256
    from core.photo_source
    where photo_source.sha256 = any(%(sha256s)s)
    union
    select removed_url.url_sha256
    from core.removed_url
    where removed_url.sha256 = any(%(sha256s)s) or removed_url.url_sha256 = any(%(url_sha256s)s)
),

gone_label as (
    delete from core.label
    where label.sha256 = any(%(sha256s)s)
    returning label.label_id, label.recorded_at
),

gone_review as (
    delete from core.label_review
    using core.label
    where label_review.label_id = label.label_id and label.sha256 = any(%(sha256s)s)
    returning label_review.recorded_at
),

gone_source as (
    delete from core.photo_source
    where photo_source.sha256 = any(%(sha256s)s)
    returning photo_source.recorded_at
),

gone_rejection as (
    delete from core.rejected_photo
    using address
    where rejected_photo.url_sha256 = address.url_sha256
    returning rejected_photo.recorded_at
),

gone_comparison as (
    delete from core.clustered_photo
    where clustered_photo.sha256 = any(%(sha256s)s)
    returning clustered_photo.recorded_at
),

gone_example as (
    delete from core.model_example
    where model_example.sha256 = any(%(sha256s)s)
    returning model_example.sha256
),

gone_blob as (
    delete from core.photo_blob
    where photo_blob.sha256 = any(%(sha256s)s)
    returning photo_blob.sha256
),

gone_photo as (
    delete from core.photo
    where photo.sha256 = any(%(sha256s)s)
    returning photo.recorded_at
),

-- What a killed loader may have left; its merge would have emptied it.
gone_loaded_photo as (
    delete from load.photo as loaded
    where
        loaded.sha256 = any(%(sha256s)s)
        or sha256(convert_to(loaded.url, 'UTF8')) in (select address.url_sha256 from address)
    returning loaded.sha256
),

gone_loaded_rejection as (
    delete from load.rejected_photo as loaded
    using address
    where sha256(convert_to(loaded.url, 'UTF8')) = address.url_sha256
    returning loaded.url
),

gone_loaded_label as (
    delete from load.label as loaded
    where loaded.sha256 = any(%(sha256s)s)
    returning loaded.sha256
),

gone_claim as (
    delete from core.label_claim
    using core.label
    where label_claim.label_id = label.label_id and label.sha256 = any(%(sha256s)s)
    returning label_claim.label_id
),

gone_visit as (
    delete from core.photo_visit
    using address
    where photo_visit.url_sha256 = address.url_sha256
    returning photo_visit.url_sha256
),

gone_identifier as (
    delete from core.photo_identifier
    where
        photo_identifier.url_sha256 in (select address.url_sha256 from address)
        or photo_identifier.identifier_sha256 in (select address.url_sha256 from address)
    returning photo_identifier.url_sha256
),

gone_contribution as (
    delete from load.contribution
    where sha256(contribution.bytes) = any(%(sha256s)s)
    returning contribution.contribution_id
),

-- Paid for, and not to be paid for again; only what it told of the photo goes.
blanked_answer as (
    update core.paid_call
    set answer = '{"removed": true}'
    where paid_call.subject_sha256 = any(%(sha256s)s) and paid_call.answer <> '{"removed": true}'
    returning paid_call.call_id
),

-- With the hours of the tables that hourly marts count: those marts are no longer true.
gone as (
    select
        'label' as table_name,
        date_trunc('hour', gone_label.recorded_at, 'UTC') as hour_at
    from gone_label
    union all
    select
        'label_review' as table_name,
        date_trunc('hour', gone_review.recorded_at, 'UTC') as hour_at
    from gone_review
    union all
    select
        'photo_source' as table_name,
        date_trunc('hour', gone_source.recorded_at, 'UTC') as hour_at
    from gone_source
    union all
    select
        'rejected_photo' as table_name,
        date_trunc('hour', gone_rejection.recorded_at, 'UTC') as hour_at
    from gone_rejection
    union all
    select
        'clustered_photo' as table_name,
        null::timestamptz as hour_at
    from gone_comparison
    union all
    select
        'model_example' as table_name,
        null::timestamptz as hour_at
    from gone_example
    union all
    select
        'photo_blob' as table_name,
        null::timestamptz as hour_at
    from gone_blob
    union all
    select
        'photo' as table_name,
        null::timestamptz as hour_at
    from gone_photo
    union all
    select
        'load.photo' as table_name,
        null::timestamptz as hour_at
    from gone_loaded_photo
    union all
    select
        'load.rejected_photo' as table_name,
        null::timestamptz as hour_at
    from gone_loaded_rejection
    union all
    select
        'load.label' as table_name,
        null::timestamptz as hour_at
    from gone_loaded_label
    union all
    select
        'core.label_claim' as table_name,
        null::timestamptz as hour_at
    from gone_claim
    union all
    select
        'core.photo_visit' as table_name,
        null::timestamptz as hour_at
    from gone_visit
    union all
    select
        'core.photo_identifier' as table_name,
        null::timestamptz as hour_at
    from gone_identifier
    union all
    select
        'load.contribution' as table_name,
        null::timestamptz as hour_at
    from gone_contribution
    union all
    select
        'paid_call' as table_name,
        null::timestamptz as hour_at
    from blanked_answer
)

select
    gone.table_name,
    count(*) as row_count,
    coalesce(array_agg(distinct gone.hour_at) filter (where gone.hour_at is not null), '{}') as hours
from gone
group by gone.table_name;
