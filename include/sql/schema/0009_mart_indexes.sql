-- What the refresh of the facts and the marts of one city look up, in tables that are small: a
-- review is made by hand, and there are some dozens of sights, sessions and publications a city.

-- squawk-ignore require-concurrent-index-creation
create index label_review_by_time on core.label_review (recorded_at);
-- squawk-ignore require-concurrent-index-creation
create index publication_by_time on core.publication (recorded_at);
-- squawk-ignore require-concurrent-index-creation
create index sight_by_city on core.sight (city_id);
-- squawk-ignore require-concurrent-index-creation
create index instance_session_by_city on core.instance_session (city_id);

-- The last review of a label is its first entry here: no sort for each label.
-- squawk-ignore require-concurrent-index-creation
create index label_review_last on core.label_review (label_id, recorded_at desc, review_id desc)
include (decision, sight_id);
-- squawk-ignore require-concurrent-index-deletion
drop index core.label_review_by_label;
