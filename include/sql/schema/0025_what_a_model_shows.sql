-- A sight that a model is not shown to know is not named, and a publication that was taken back
-- says so.
alter table core.model add column hidden_sight_ids bigint[] not null default '{}';
comment on column core.model.hidden_sight_ids is
'Sights among its classes that it is not shown to know: the app does not name them.';

-- A sight that no test photo shows was never measured. Models that have no measure of any sight
-- keep theirs: nothing is known of them.
update core.model
set
    hidden_sight_ids = array(
        select class.sight_id
        from core.dataset
        cross join unnest(dataset.sight_ids, dataset.class_names) as class (sight_id, name)
        where
            dataset.city_id = model.city_id
            and dataset.dataset_version = model.dataset_version
            and not model.class_metrics @> jsonb_build_array(jsonb_build_object('name', class.name))
    )
where
    model.state = 'published'
    and model.class_metrics @> '[{}]';

alter table core.publication add column rolled_back_at timestamptz;
alter table core.publication add column rolled_back_by text;
alter table core.publication add column rolled_back_reason text;
comment on column core.publication.rolled_back_at is
'When it was taken back; null: it was not. A model whose last publication was taken back is no target of a rollback.';
comment on column core.publication.rolled_back_by is 'Who took it back; null with rolled_back_at.';
comment on column core.publication.rolled_back_reason is 'Why it was taken back; null with rolled_back_at.';

-- What was taken back so far: the reason of the publication that came in its place says so.
update core.publication
set
    rolled_back_at = back.published_at,
    rolled_back_by = back.published_by,
    rolled_back_reason = back.reason
from (
    select distinct on (earlier.publication_id)
        earlier.publication_id,
        later.published_at,
        later.published_by,
        later.reason
    from core.publication as earlier
    inner join core.publication as later
        on
            earlier.city_id = later.city_id
            and earlier.publication_id < later.publication_id
            and later.reason like 'rolled back from model ' || earlier.model_version || ':%'
    order by earlier.publication_id, later.publication_id
) as back
where publication.publication_id = back.publication_id;
