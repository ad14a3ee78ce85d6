-- Rows of the warehouse that is replaced, as JSON: so one of any version can be read. A column that it
-- lacks is null, or what the statement says that adds them.
create temporary table carried (
    table_name text not null,
    content jsonb not null
) on commit drop
