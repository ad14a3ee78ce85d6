-- A run may look for photos of the city's own streets, too, which cost calls as those of sights do.
comment on column core.spend_estimate.photo_limit is
'Photos that the run may find at most and ask about: sights times photos a sight, and those of streets.';
