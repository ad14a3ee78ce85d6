-- Calls that the backup did not have. Where one stands for the photo already, as when both databases
-- went on by themselves, the other was paid, too: it counts, and nothing is sent for it again. They are
-- changed now, so that the marts of their hours are made anew.
with call as (
    select call.*
    from carried
    cross join
        lateral jsonb_populate_record(
            null::core.paid_call,
            jsonb_build_object('is_taken_over', false, 'sent_at', carried.content -> 'reserved_at') || carried.content
        ) as call
    where
        carried.table_name = 'paid_call'
        and not exists (
            select 1 from core.paid_call as known
            where
                known.provider = call.provider
                and known.feature = call.feature
                and known.subject_sha256 = call.subject_sha256
                and known.reserved_at = call.reserved_at
        )
),

judged as (
    select
        call.*,
        call.state <> 'failed' and call.resend_allowed_at is null and exists (
            select 1 from core.paid_call as standing
            where
                standing.provider = call.provider
                and standing.feature = call.feature
                and standing.subject_sha256 = call.subject_sha256
                and standing.state <> 'failed'
                and standing.resend_allowed_at is null
        ) as is_second,
        row_number() over (
            partition by call.provider, call.feature, call.subject_sha256
            order by call.attempt
        ) + (
            select coalesce(max(earlier.attempt), 0) from core.paid_call as earlier
            where
                earlier.provider = call.provider
                and earlier.feature = call.feature
                and earlier.subject_sha256 = call.subject_sha256
        ) as next_attempt
    from call
)

insert into core.paid_call (
    provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, unit_count, price_usd,
    answer, error, reserved_at, settled_at, recorded_at, is_taken_over, changed_at, sent_at,
    resend_allowed_at, resend_allowed_by
)
select
    judged.provider,
    judged.feature,
    judged.subject_sha256,
    judged.next_attempt,
    judged.city_id,
    judged.dag_id,
    judged.run_id,
    case when judged.is_second then 'unknown' else judged.state end as state,
    judged.unit_count,
    judged.price_usd,
    case
        when
            judged.answer is not null
            and exists (
                select 1 from core.removed_photo
                where removed_photo.sha256 = judged.subject_sha256
            )
            then '{"removed": true}'
        else judged.answer
    end as answer,
    case
        when judged.is_second then 'paid in the database that was replaced, and here, too'
        else judged.error
    end as error,
    judged.reserved_at,
    case when judged.is_second then coalesce(judged.settled_at, now()) else judged.settled_at end as settled_at,
    judged.recorded_at,
    judged.is_taken_over,
    clock_timestamp() as changed_at,
    judged.sent_at,
    case when judged.is_second then now() else judged.resend_allowed_at end as resend_allowed_at,
    case when judged.is_second then 'restore' else judged.resend_allowed_by end as resend_allowed_by
from judged
order by judged.subject_sha256, judged.attempt
