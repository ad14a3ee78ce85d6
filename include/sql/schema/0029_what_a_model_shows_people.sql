-- What people are shown is measured too, beside average precision.
alter table core.model add column shipped jsonb;
comment on column core.model.shipped is
'What it shows on the frozen test photos as published: precision, recall, false_alarms, '
'expected_calibration_error, milliseconds, per_class; null: not measured, or by an older version.';
