-- What became of a sight: nothing that photos and labels hang on is ever deleted.

alter table core.sight
add column state text not null default 'active',
add column merged_into bigint references core.sight (sight_id),
add constraint sight_state_known
check (state in ('active', 'unsorted', 'retired', 'merged', 'dropped')) not valid,
add constraint sight_merged_into_another
check ((state = 'merged') = (merged_into is not null)) not valid,
add constraint sight_not_merged_into_itself check (merged_into <> sight_id) not valid;
alter table core.sight validate constraint sight_state_known;
alter table core.sight validate constraint sight_merged_into_another;
alter table core.sight validate constraint sight_not_merged_into_itself;

create index sight_by_survivor on core.sight (merged_into) where merged_into is not null;

comment on column core.sight.state is
'active: crawled; retired: known and recognised, crawled no more; merged: see merged_into; '
'dropped: no sight, says a person; unsorted: holds photos of which no sight is known.';
comment on column core.sight.merged_into is 'The sight that this one turned out to be; its photos and labels went there.';
