-- Whether facts are still to be filled: a table of them is empty beside rows that it counts.
select
    (
        (
            exists (select 1 from core.photo_source)
            or exists (select 1 from core.rejected_photo)
            or exists (
                select 1 from core.ledger_entry
                where not ledger_entry.is_taken_over
            )
            or exists (select 1 from core.label)
        )
        and not exists (select 1 from mart.city_activity_hourly_v2)
    )
    or (
        (
            exists (select 1 from core.photo_source)
            or exists (select 1 from core.rejected_photo)
        )
        and not exists (select 1 from mart.sight_activity_hourly_v1)
    )
    or (
        exists (
            select 1 from core.ledger_entry
            where
                ledger_entry.is_billed
        )
        and not exists (select 1 from mart.city_spend_hourly_v1)
    ) as has_empty_facts;
