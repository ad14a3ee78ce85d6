-- A person says that nothing of the city is on a photo. To reject a label says less: the box was loose,
-- the name wrong, or a person to be seen, and the sight may be there.

-- At once valid: what people decided are some thousand rows, read in a moment.
-- squawk-ignore constraint-missing-not-valid
alter table core.label_review add constraint label_review_decision_allowed
check (decision in ('accept', 'reject', 'rename', 'no_sight', 'withdraw'));
-- The wider one is in force already.
-- squawk-ignore ban-drop-constraint
alter table core.label_review drop constraint label_review_decision_known;
comment on column core.label_review.decision is
'accept, reject or rename; no_sight: nothing of the city is on the photo; withdraw takes back what was decided before.';
