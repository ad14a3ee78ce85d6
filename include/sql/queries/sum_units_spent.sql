-- What stands, and images that were sent and refused: as reserve_calls counts.
select
    (
        select coalesce(sum(paid_call.unit_count), 0)
        from core.paid_call
        where
            paid_call.city_id = %(city_id)s
            and paid_call.provider = %(provider)s
            and paid_call.feature = %(feature)s
            and (paid_call.state <> 'failed' or (paid_call.sent_at is not null and paid_call.answer is not null))
            and not paid_call.is_taken_over
    )::bigint as by_city,
    (
        select coalesce(sum(paid_call.unit_count), 0)
        from core.paid_call
        where
            paid_call.provider = %(provider)s
            and paid_call.feature = %(feature)s
            and paid_call.reserved_at >= date_trunc('month', now())
            and (paid_call.state <> 'failed' or (paid_call.sent_at is not null and paid_call.answer is not null))
            and not paid_call.is_taken_over
    )::bigint as this_month,
    (
        select coalesce(sum(paid_call.unit_count), 0)
        from core.paid_call
        where
            paid_call.dag_id = %(dag_id)s
            and paid_call.run_id = %(run_id)s
            and paid_call.provider = %(provider)s
            and paid_call.feature = %(feature)s
            and (paid_call.state <> 'failed' or (paid_call.sent_at is not null and paid_call.answer is not null))
            and not paid_call.is_taken_over
    )::bigint as by_run,
    (
        select coalesce(sum(paid_call.unit_count), 0)
        from core.paid_call
        where
            paid_call.provider = %(provider)s
            and paid_call.feature = %(feature)s
            and (paid_call.state <> 'failed' or (paid_call.sent_at is not null and paid_call.answer is not null))
            and not paid_call.is_taken_over
    )::bigint as in_all;
