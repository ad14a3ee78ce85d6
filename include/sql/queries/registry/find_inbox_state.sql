-- What waits in the app's inbox, and what DAGs are built from, as short values that change with them:
-- the names that nobody has tried yet (the newest, since strangers may send any number), the photos
-- that are taken back, those that are shared, and one for all cities.
select
    array(
        select md5(city_request.asked_name)
        from load.city_request
        where city_request.tried_at is null
        group by city_request.asked_name
        order by max(city_request.asked_at) desc
        limit %(most)s
    ) as untried_names,
    array(
        select withdrawal.withdrawal_id::text
        from load.withdrawal
        order by withdrawal.withdrawn_at desc
        limit %(most)s
    ) as withdrawals,
    array(
        select contribution.contribution_id::text
        from load.contribution
        order by contribution.contributed_at desc
        limit %(most)s
    ) as contributions,
    (
        select
            md5(
                string_agg(
                    concat_ws(chr(10), city.slug, city.name, city.country, city.state, city.overrides::text),
                    chr(10)
                    order by city.slug
                )
            )
        from core.city
        where city.state = any(%(states)s)
    ) as cities
