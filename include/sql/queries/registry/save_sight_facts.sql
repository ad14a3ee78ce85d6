-- What was found out this time replaces what was known.
insert into core.sight_facts (
    sight_id,
    descriptions,
    articles,
    since_year,
    since_precision,
    height_meters,
    view_meters,
    view_basis,
    image_identifier
)
select
    given.sight_id,
    given.descriptions,
    given.articles,
    given.since_year,
    given.since_precision,
    given.height_meters,
    given.view_meters,
    given.view_basis,
    given.image_identifier
from
    jsonb_to_recordset(%(facts)s)
        as given (
            sight_id bigint,
            descriptions jsonb,
            articles jsonb,
            since_year integer,
            since_precision text,
            height_meters double precision,
            view_meters double precision,
            view_basis text,
            image_identifier text
        )
on conflict (sight_id) do update
    set
        descriptions = excluded.descriptions,
        articles = excluded.articles,
        since_year = excluded.since_year,
        since_precision = excluded.since_precision,
        height_meters = excluded.height_meters,
        view_meters = excluded.view_meters,
        view_basis = excluded.view_basis,
        image_identifier = excluded.image_identifier,
        read_at = now()
