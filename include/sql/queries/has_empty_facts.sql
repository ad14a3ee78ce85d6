-- Whether the facts are still to be filled: there are photos, calls or labels, and no fact.
select
    (
        exists (select 1 from core.photo_source)
        or exists (select 1 from core.rejected_photo)
        or exists (select 1 from core.paid_call)
        or exists (select 1 from core.label)
    )
    and not exists (select 1 from mart.city_activity_hourly_v2) as has_empty_facts;
