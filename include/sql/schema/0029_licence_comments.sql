comment on column core.photo_source.licence is 'Short id of the licence, such as cc-by-sa-4.0; unknown where none is given.';
comment on column core.photo_source.query is 'The search, the category or the place that led to it.';
