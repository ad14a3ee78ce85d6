-- Rows of the warehouse that is replaced, as JSON: so one of any version can be read, and a column that
-- it lacks has its default.
create temporary table carried (
    table_name text not null,
    content jsonb not null
) on commit drop
