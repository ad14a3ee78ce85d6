-- Visitors are told how many test photos get their name, and how many strangers get one.
comment on column core.model.shipped is
'What it shows on the frozen test photos as published: precision, recall, false_alarms, '
'expected_calibration_error, milliseconds, per_class, and counts of photos (sight_photos, '
'named_sight_photos, background_photos, named_background_photos; the second and the last may be '
'missing, with the first, from an older version); null: not measured, or by an older version.';
