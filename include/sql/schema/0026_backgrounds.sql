-- What a dataset is made of beside sights: photos without any (backgrounds), regions that are neither
-- (boxes of what is no class), what is known of its sights, and what binds photos to one side.

-- At once valid: a row a sight is read in a moment.
-- squawk-ignore constraint-missing-not-valid
alter table core.sight add constraint sight_state_allowed
check (state in ('active', 'unsorted', 'retired', 'merged', 'dropped', 'elsewhere', 'streets'));
-- The wider one is in force already.
-- squawk-ignore ban-drop-constraint
alter table core.sight drop constraint sight_state_known;
alter table core.sight add column is_asymmetric boolean not null default false;
comment on column core.sight.state is
'active: crawled; retired: known and recognised, crawled no more; merged: see merged_into; '
'dropped: no sight, says a person; unsorted: holds photos of which no sight is known; '
'elsewhere: holds photos of well-known sights far away, which need no label to be backgrounds; '
'streets: holds photos of the city''s streets and houses, backgrounds where nothing is found on them.';
comment on column core.sight.is_asymmetric is
'Whether its mirror image is another building, says a person: it is never mirrored in training.';

alter table load.photo add column taken_on text;
alter table core.photo_source add column taken_on date;
comment on column load.photo.taken_on is 'The day it was taken, as YYYY-MM-DD.';
comment on column core.photo_source.taken_on is 'The day it was taken, says the source; null: it does not say.';

create view core.photo_burst as
select
    photo_source.sha256,
    sha256(convert_to(
        jsonb_build_array(photo_source.sight_id, photo_source.author, shot.occasion)::text, 'UTF8'
    )) as burst_sha256
from core.photo_source
cross join
    lateral (
        values
        (case when btrim(photo_source.author) <> '' then 'day ' || photo_source.taken_on::text end),
        -- Of a folder of one's own, the page may be one for all of its photos.
        (case when photo_source.source <> 'local_folder' then 'page ' || photo_source.page_url end)
    ) as shot (occasion)
where shot.occasion is not null;
comment on view core.photo_burst is
'Photos that one author took of one sight on one day, or shows on one page: seldom two views.';
comment on column core.photo_burst.sha256 is 'The photo.';
comment on column core.photo_burst.burst_sha256 is 'The burst: equal for all its photos.';
grant select on core.photo_burst to sightscan_pipeline;
grant select on core.photo_burst to sightscan_analyst;

alter table core.dataset add column sights jsonb;
alter table core.dataset add column train_background_count integer not null default 0;
alter table core.dataset add column val_background_count integer not null default 0;
alter table core.dataset add column test_background_count integer not null default 0;
comment on column core.dataset.sights is
'What was known of the sights when it was frozen: id, wikidata_id, names, latitude, longitude, is_asymmetric; '
'null: frozen by an older version.';
comment on column core.dataset.train_background_count is 'How many of train_count show no sight.';
comment on column core.dataset.val_background_count is 'How many of val_count show no sight.';
comment on column core.dataset.test_background_count is 'How many of test_count show no sight.';

alter table core.dataset_photo add column link_sha256s bytea[];
comment on column core.dataset_photo.link_sha256s is
'What bound it to other photos when the dataset was frozen: its near-duplicate cluster and its bursts; '
'null: frozen by an older version.';

create table core.dataset_ignored_region (
    city_id text not null,
    dataset_version integer not null,
    sha256 bytea not null,
    region_number smallint not null,
    x1 real not null,
    y1 real not null,
    x2 real not null,
    y2 real not null,
    primary key (city_id, dataset_version, sha256, region_number),
    foreign key (city_id, dataset_version, sha256)
    references core.dataset_photo (city_id, dataset_version, sha256),
    constraint dataset_ignored_region_inside check (
        x1 >= 0 and y1 >= 0 and x2 <= 1 and y2 <= 1 and x1 < x2 and y1 < y2
    )
);
comment on table core.dataset_ignored_region is
'Where photos of a dataset show a sight that is no class of it: neither to be found nor background.';
comment on column core.dataset_ignored_region.city_id is 'The city.';
comment on column core.dataset_ignored_region.dataset_version is 'The dataset.';
comment on column core.dataset_ignored_region.sha256 is 'The photo.';
comment on column core.dataset_ignored_region.region_number is 'From 0, within the photo.';
comment on column core.dataset_ignored_region.x1 is 'Left edge, share of the width.';
comment on column core.dataset_ignored_region.y1 is 'Upper edge, share of the height, from the top.';
comment on column core.dataset_ignored_region.x2 is 'Right edge, share of the width.';
comment on column core.dataset_ignored_region.y2 is 'Lower edge, share of the height, from the top.';
grant select, insert, update, delete on core.dataset_ignored_region to sightscan_pipeline;
grant select on core.dataset_ignored_region to sightscan_analyst;
