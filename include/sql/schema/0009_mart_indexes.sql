-- What the refresh of the facts and the marts of one city look up.

create index label_by_change on core.label (changed_at);
create index label_by_city on core.label (city_id, sha256) include (state);
create index paid_call_by_change on core.paid_call (changed_at);
create index label_review_by_time on core.label_review (recorded_at);
create index publication_by_time on core.publication (recorded_at);
create index sight_by_city on core.sight (city_id);
create index instance_session_by_city on core.instance_session (city_id);

-- The last review of a label is its first entry here: no sort for each label.
create index label_review_last on core.label_review (label_id, recorded_at desc, review_id desc)
include (decision, sight_id);
drop index core.label_review_by_label;
