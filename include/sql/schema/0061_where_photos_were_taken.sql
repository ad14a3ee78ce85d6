-- Where a photo was taken, as its page on Commons says, and what a sight's view distance rests on.
-- Photos that people share have no place: none is sent, and none could be stored.
alter table load.photo add column camera_latitude double precision;
alter table load.photo add column camera_longitude double precision;
comment on column load.photo.camera_latitude is 'Where it was taken, degrees north.';
comment on column load.photo.camera_longitude is 'Where it was taken, degrees east.';

alter table core.photo_source add column camera_latitude double precision;
alter table core.photo_source add column camera_longitude double precision;
comment on column core.photo_source.camera_latitude is
'Where it was taken, says its page on Commons, degrees north; null: it does not say, or was not asked.';
comment on column core.photo_source.camera_longitude is 'The same, degrees east.';
-- 0062 looks at the rows that are there.
alter table core.photo_source add constraint photo_source_camera_is_a_place check (
    (camera_latitude is null) = (camera_longitude is null)
    and camera_latitude between -90 and 90
    and camera_longitude between -180 and 180
) not valid;
alter table core.photo_source add constraint photo_source_contributions_have_no_place check (
    source <> 'contribution' or camera_latitude is null
) not valid;

alter table core.sight_facts add column view_basis text;
comment on column core.sight_facts.view_meters is
'From how far it can be recognised: what stands farther away is not named.';
comment on column core.sight_facts.view_basis is
'What that rests on: its height, its kind, the photos of it whose place is known, or usual: none of these; '
'null: stored by an older version.';
-- At once valid: a row a sight is read in a moment.
-- squawk-ignore constraint-missing-not-valid
alter table core.sight_facts add constraint sight_facts_view_basis_known check (
    view_basis in ('height', 'kind', 'photos', 'usual')
);
