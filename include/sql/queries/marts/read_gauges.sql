-- Sums of all cities, for metrics: no city has a series of its own, however many there are. Photos and
-- labels are as of the last refresh of the facts.
with facts as (
    select
        coalesce(sum(fact.photos_new), 0)::bigint as photo_count,
        coalesce(sum(fact.labels_accepted), 0)::bigint as box_count
    from mart.city_activity_hourly_v2 as fact
),

cities as (
    select count(*) as city_count
    from core.city
    where city.state = 'active'
),

models as (
    select count(*) as model_count
    from mart.published_model
),

leases as (
    select
        count(*) as lease_count,
        coalesce(extract(epoch from max(now() - instance_lease.leased_at)), 0)::double precision
            as longest_seconds
    from core.instance_lease
)

select
    facts.photo_count,
    facts.box_count,
    cities.city_count,
    models.model_count,
    leases.lease_count,
    leases.longest_seconds
from facts
cross join cities
cross join models
cross join leases;
