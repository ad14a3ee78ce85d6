-- Everything that was put in place after the model that comes back.
update core.publication
set
    rolled_back_at = now(),
    rolled_back_by = %(rolled_back_by)s,
    rolled_back_reason = %(reason)s
where
    publication.city_id = %(city_id)s
    and publication.publication_id > %(after)s
    and publication.rolled_back_at is null
