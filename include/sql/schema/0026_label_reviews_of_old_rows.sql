-- Reads all rows while others go on writing.
alter table core.label_review validate constraint label_review_decision_known;
alter table core.label_review validate constraint label_review_sight_fits;
