-- Three layers (load: as received; core: normalised truth; mart: what people and programs read)
-- and the three roles that may touch them. The roles carry no password here: whoever runs the
-- server gives them one. Each table grants to the roles what they need; nothing is granted by default.

create schema if not exists load;
create schema if not exists core;
create schema if not exists mart;

comment on schema load is 'As received: staging rows written by COPY and the insert-only inbox of the app.';
comment on schema core is 'Normalised truth: constraints, not code, keep it consistent.';
comment on schema mart is 'What people and programs read: one grain per object, no photo bytes.';

do $$
declare
    role_name text;
begin
    foreach role_name in array array['sightscan_pipeline', 'sightscan_app', 'sightscan_analyst'] loop
        begin
            execute format('create role %I nologin', role_name);
        -- Roles belong to the whole server: another database of it, or another migration that
        -- started at the same moment, may have made them.
        exception when duplicate_object or unique_violation then null;
        end;
    end loop;
end
$$;

revoke all on schema load, core, mart from public;
revoke create on schema public from public;
grant usage on schema load, core, mart to sightscan_pipeline;
grant usage on schema load, mart to sightscan_app;
grant usage on schema core, mart to sightscan_analyst;
