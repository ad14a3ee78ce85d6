select
    role_table_grants.grantee as role,
    string_agg(lower(role_table_grants.privilege_type), ', ' order by role_table_grants.privilege_type)
        as privileges
from information_schema.role_table_grants
where
    role_table_grants.table_schema = %(schema_name)s
    and role_table_grants.table_name = %(name)s
    and role_table_grants.grantee = any(%(roles)s)
group by role_table_grants.grantee
order by array_position(%(roles)s, role_table_grants.grantee::text)
