-- What the next estimate goes by has a column of its own: a name within a report may change.
alter table core.stage_report add column photos_new bigint;
comment on column core.stage_report.photos_new is 'Of a crawl of a sight: photos that were new to it; else null.';
