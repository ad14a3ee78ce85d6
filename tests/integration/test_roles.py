"""What the login of each role may do, found by trying: each verb on each relation, and ways around.

The expectation is written here by hand, in a few lines. A table that a migration adds must be
granted as they say, or they must be changed in sight of a reviewer.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from sandbox.addresses import PostgresAddress

PASSWORD = "a login of the tests"
LAYERS = ["load", "core", "mart", "public"]
ROLES = ("pipeline", "app", "analyst")
# Who may update or delete may lock, as PostgreSQL sees it.
WRITING = {"insert", "update", "delete", "lock"}
INBOX = {"city_request", "contribution", "report", "review"}
# What only its own person knows the key of: the app asks for one row by a function, and lists none.
FOUND_BY_SECRET = {"mart.city_answer", "mart.contribution"}
APP_FUNCTIONS = [
    "load.take_back(text,text)",
    "mart.find_city_answer(uuid)",
    "mart.find_contribution(text)",
]
RELATIONS = """
select
    pg_namespace.nspname,
    pg_class.relname,
    pg_class.relkind = 'v',
    (
        select array_agg(pg_attribute.attname::text order by pg_attribute.attnum)
        from pg_attribute
        where pg_attribute.attrelid = pg_class.oid and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
    )
from pg_class
inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_namespace.nspname = any(%s) and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
order by 1, 2
"""
# As long as each one fails, the role may not do it.
WAYS_AROUND = {
    "create a schema": "create schema probe",
    "create a table in public": "create table public.probe (id int)",
    "create a table in load": "create table load.probe (id int)",
    "create a table in core": "create table core.probe (id int)",
    "create a table in mart": "create table mart.probe (id int)",
    "create a temporary table": "create temporary table probe (id int)",
    "create a function": "create function mart.probe() returns int language sql return 1",
    "create a view": "create view mart.probe as select 1",
    "create an extension": "create extension vector",
    "create a role": "create role probe",
    "create a database": "create database probe",
    "alter a table": "alter table core.city add column probe int",
    "drop a table": "drop table core.check_result",
    "drop a view": "drop view mart.city_overview",
    "index a table": "create index on core.city (name)",
    "put a trigger on a table": "create trigger probe before insert on load.report execute function"
    " suppress_redundant_updates_trigger()",
    "replace a view": "create or replace view mart.city_overview as select 1",
    "take a table over": "alter table core.city owner to current_user",
    "switch triggers off": "set session_replication_role = 'replica'",
    "become the superuser": "set session authorization postgres",
    "give itself rights": "alter role current_user superuser",
    "read the migrations": "select * from public.schema_migration",
    "read a file of the server": "select pg_read_file('PG_VERSION')",
    "list a folder of the server": "select pg_ls_dir('.')",
    "read a file by copy": "copy load.report (message) from '/etc/passwd'",
    "run a program": "copy (select 1) to program 'true'",
    "write a file": "copy (select 1) to '/tmp/probe'",
    "import a file": "select lo_import('/etc/passwd')",
    "read password hashes": "select * from pg_authid",
    "change the server": "alter system set work_mem = '1GB'",
    "end the sessions of others": "select pg_terminate_backend(pid) from pg_stat_activity"
    " where usename = 'postgres'",
    "read a sample of the data": "select * from pg_statistic",
    "make a large object": "select lo_from_bytea(0, 'x')",
    "make an empty large object": "select lo_create(0)",
    "make one in the old way": "select lo_creat(-1)",
    "write into a large object": "select lo_put(1, 0, 'x')",
    "write as clients do": "select lowrite(0, 'x')",
    "open a large object": "select lo_open(1, 131072)",
    "delete a large object": "select lo_unlink(1)",
    "stop migrations": "select pg_try_advisory_lock(7362051)",
    "stop crawls": "select pg_advisory_xact_lock(hashtextextended('sightscan.removal', 0))",
    "stop both, sharing": "select pg_try_advisory_lock_shared(7362051)",
    "free the locks of others": "select pg_advisory_unlock_all()",
}
# Who writes and migrates takes turns by them.
OPEN_WAYS = {("pipeline", way) for way, text in WAYS_AROUND.items() if "advisory" in text}


@dataclass(frozen=True)
class Relation:
    """A table or a view."""

    schema: str
    name: str
    is_view: bool
    columns: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def expected_verbs(role: str, relation: Relation) -> set[str]:
    """Say what a role may do with a relation; everything else must be refused."""
    is_hourly = relation.schema == "mart" and not relation.is_view
    match role, relation.schema:
        case "pipeline", "load" | "core":
            return {"select"} if relation.is_view else {"select", *WRITING}
        case "pipeline", "mart":
            return {"select", *WRITING} if is_hourly else {"select"}
        case "app", "load":
            return {"insert"} if relation.name in INBOX else set()
        case "app", "mart" if str(relation) in FOUND_BY_SECRET:
            return set()
        case ("app", "mart") | ("analyst", "mart" | "core"):
            return {"select"}
        case _:
            return set()


@pytest.fixture(scope="module")
def logins(migrated_database: PostgresAddress) -> Iterator[dict[str, PostgresAddress]]:
    """Create a login of each role, which belongs to it and to nothing else."""
    addresses = {}
    with migrated_database.connect() as connection:
        for role in ROLES:
            user = f"probe_{role}"
            connection.execute(
                sql.SQL("create role {} login password {} in role {}").format(
                    sql.Identifier(user), sql.Literal(PASSWORD), sql.Identifier(f"sightscan_{role}")
                )
            )
            addresses[role] = replace(migrated_database, user=user, password=PASSWORD)
    yield addresses
    with migrated_database.connect() as connection:
        for address in addresses.values():
            connection.execute(sql.SQL("drop role {}").format(sql.Identifier(address.user)))


@pytest.fixture(scope="module")
def relations(migrated_database: PostgresAddress) -> list[Relation]:
    with migrated_database.connect() as connection:
        rows = connection.execute(RELATIONS, [LAYERS]).fetchall()
    return [Relation(schema, name, view, tuple(columns)) for schema, name, view, columns in rows]


@pytest.mark.parametrize("role", ROLES)
def test_each_verb_on_each_relation_is_allowed_or_refused_as_written(
    role: str, logins: dict[str, PostgresAddress], relations: list[Relation]
) -> None:
    surprises = []
    with logins[role].connect() as connection:
        for relation in relations:
            allowed = {
                verb
                for verb, statement in statements_on(relation).items()
                if is_allowed(connection, statement)
            }
            if allowed != expected_verbs(role, relation):
                surprises.append((str(relation), sorted(allowed)))
    assert len(relations) > 30
    assert surprises == []


@pytest.mark.parametrize("role", ROLES)
def test_no_column_is_open_where_its_table_is_not(
    role: str, logins: dict[str, PostgresAddress], relations: list[Relation]
) -> None:
    open_columns = []
    with logins[role].connect() as connection:
        for relation in relations:
            may_select = "select" in expected_verbs(role, relation)
            for column in relation.columns:
                statement = sql.SQL("select {} from {} limit 0").format(
                    sql.Identifier(column), relation.identifier
                )
                if is_allowed(connection, statement) != may_select:
                    open_columns.append(f"{relation}.{column}")
    assert open_columns == []


@pytest.mark.parametrize("role", ROLES)
def test_rights_that_only_the_catalogue_shows_are_not_given(
    role: str,
    migrated_database: PostgresAddress,
    logins: dict[str, PostgresAddress],
    relations: list[Relation],
) -> None:
    """To use REFERENCES and TRIGGER one needs a table of one's own, which nobody has."""
    user = logins[role].user
    with migrated_database.connect() as connection:
        given = [
            (str(relation), verb)
            for relation in relations
            for verb in ("references", "trigger", "maintain")
            for row in connection.execute(
                "select has_table_privilege(%s, to_regclass(%s), %s)", [user, str(relation), verb]
            )
            if row[0]
        ]
        # By column only: has_any_column_privilege knows the whole table's right too.
        given += [
            (str(relation), verb)
            for relation in relations
            for verb in ("insert", "update", "references")
            for row in connection.execute(
                "select has_any_column_privilege(%s, to_regclass(%s), %s)",
                [user, str(relation), verb],
            )
            if row[0] != (verb in expected_verbs(role, relation))
        ]
    assert given == []


@pytest.mark.parametrize("way", WAYS_AROUND)
@pytest.mark.parametrize("role", ROLES)
def test_no_role_finds_a_way_around(
    role: str, way: str, logins: dict[str, PostgresAddress]
) -> None:
    with logins[role].connect() as connection:
        refusal = failure_of(connection, sql.SQL(WAYS_AROUND[way]))
    is_refused = isinstance(refusal, errors.InsufficientPrivilege)
    assert is_refused == ((role, way) not in OPEN_WAYS), refusal


@pytest.mark.parametrize("role", ["app", "analyst"])
def test_no_function_that_locks_or_stores_is_open(
    role: str, migrated_database: PostgresAddress
) -> None:
    with migrated_database.connect() as connection:
        functions = connection.execute(
            "select oid::regprocedure::text, has_function_privilege(%s, oid, 'execute')"
            " from pg_proc where proname ~ 'advisory' or proname ~ '^lo_|^loread|^lowrite'",
            [f"sightscan_{role}"],
        ).fetchall()
    assert len(functions) > 30
    assert [name for name, is_open in functions if is_open] == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("other", [*ROLES, "owner"])
def test_no_login_becomes_another_role(
    role: str, other: str, logins: dict[str, PostgresAddress]
) -> None:
    target = "postgres" if other == "owner" else f"sightscan_{other}"
    statement = sql.SQL("set role {}").format(sql.Identifier(target))
    with logins[role].connect() as connection:
        assert is_allowed(connection, statement) == (other == role)


@pytest.mark.parametrize("role", ["app", "analyst"])
def test_no_function_of_the_layers_is_open_but_those_by_which_strangers_find_their_own(
    role: str, migrated_database: PostgresAddress
) -> None:
    with migrated_database.connect() as connection:
        functions = connection.execute(
            "select pg_proc.oid::regprocedure::text, pg_proc.prosecdef, pg_proc.proconfig from pg_proc"
            " where pronamespace::regnamespace::text = any(%s)"
            " and has_function_privilege(%s, pg_proc.oid, 'execute') order by 1",
            [LAYERS, f"sightscan_{role}"],
        ).fetchall()
    assert [name for name, *_ in functions] == (APP_FUNCTIONS if role == "app" else [])
    # They run as their owner: nobody's names stand before the server's own.
    for name, is_of_owner, settings in functions:
        assert (is_of_owner, settings) == (True, ["search_path=pg_catalog, pg_temp"]), name


def test_the_app_can_take_back_no_photo_whose_code_it_does_not_know(
    warehouse: psycopg.Connection[Any], logins: dict[str, PostgresAddress]
) -> None:
    """Whoever has the app's login knows the hashes of photos, which marts show, and of no code."""
    for number in range(3):
        warehouse.execute(
            "insert into load.contribution (contribution_id, city_id, sight_id, bytes, licence,"
            " contributed_by, code_sha256) values (gen_random_uuid(), 'Q1', 1, %s, 'x', 'x',"
            " sha256(convert_to(%s, 'UTF8')))",
            [bytes([number]), f"code {number}"],
        )
    waiting = "select sha256 from load.withdrawal"
    take_back = "select load.take_back(%s, 'x')"
    with logins["app"].connect() as connection:
        for guess in ("", "code", "\\x00", "' or true --"):
            connection.execute(take_back, [guess])
        assert warehouse.execute(waiting).fetchall() == []
        for _ in range(2):
            connection.execute(take_back, ["code 1"])
        found = connection.execute("select stage from mart.find_contribution('code 1')").fetchall()
        unknown = connection.execute(
            "select stage from mart.find_contribution('code 3')"
        ).fetchall()
    assert warehouse.execute(waiting).fetchall() == [(hashlib.sha256(b"code 1").digest(),)]
    assert (found, unknown) == ([("received",)], [])


@pytest.mark.parametrize("role", ROLES)
def test_no_sequence_is_set_by_hand(
    role: str, migrated_database: PostgresAddress, logins: dict[str, PostgresAddress]
) -> None:
    """Identity columns draw their numbers without a right to the sequence."""
    with migrated_database.connect() as connection:
        given = connection.execute(
            "select seqrelid::regclass::text from pg_sequence"
            " where has_sequence_privilege(%s, seqrelid, 'usage, select, update')",
            [logins[role].user],
        ).fetchall()
    assert given == []


def test_the_app_writes_into_its_inbox_and_cannot_read_it_back(
    warehouse: psycopg.Connection[Any], logins: dict[str, PostgresAddress]
) -> None:
    insert = "insert into load.report (report_id, city_id, message) values (gen_random_uuid(), 'Q1', 'x')"
    with logins["app"].connect() as connection:
        connection.execute(insert)
        for more in (" returning report_id", " on conflict (report_id) do nothing"):
            refusal = failure_of(connection, sql.SQL(insert + more))
            assert isinstance(refusal, psycopg.Error), more
        refusal = failure_of(connection, sql.SQL("select message from load.report"))
        assert isinstance(refusal, errors.InsufficientPrivilege)
        refusal = failure_of(connection, sql.SQL("copy load.report to stdout"))
        assert isinstance(refusal, errors.InsufficientPrivilege)
    assert warehouse.execute("select count(*) from load.report").fetchone() == (1,)


def test_no_text_of_the_inbox_takes_a_megabyte(warehouse: psycopg.Connection[Any]) -> None:
    """A row's other values are the smallest that are taken, so that the text alone is in the way."""
    least = {
        "uuid": "gen_random_uuid()",
        "text": "'x'",
        "bytea": "'\\x00'",
        "bigint": "1",
        "integer": "1",
        "timestamp with time zone": "now()",
        "double precision": "0.5",
    }
    columns = warehouse.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = 'load' and table_name = any(%s) and column_default is null",
        [sorted(INBOX)],
    ).fetchall()
    texts = [(table, column) for table, column, kind in columns if kind == "text"]
    taken = []
    for table, text in texts:
        row = {
            column: "repeat('x', 1000000)" if column == text else least[kind]
            for where, column, kind in columns
            if where == table
        }
        # Hashes have one length.
        row |= {column: "sha256('x')" for column in row if column.endswith("sha256")}
        names, values = ", ".join(row), ", ".join(row.values())
        statement = f"insert into load.{table} ({names}) values ({values})"  # noqa: S608 - our names
        if not isinstance(failure_of(warehouse, sql.SQL(statement)), errors.CheckViolation):
            taken.append((table, text))
        short = statement.replace("repeat('x', 1000000)", "'x'")
        assert failure_of(warehouse, sql.SQL(short)) is None, short
    assert len(texts) > 6
    assert taken == []


def statements_on(relation: Relation) -> dict[str, sql.Composed]:
    """Return a statement for each verb that does nothing where it is allowed."""
    name = relation.identifier
    # Not the first: what may be written to an identity is asked before who may write.
    column = sql.Identifier(relation.columns[:2][-1])
    return {
        "select": sql.SQL("select * from {} limit 0").format(name),
        "insert": sql.SQL("insert into {} ({}) select null where false").format(name, column)
        if relation.is_view
        else sql.SQL("insert into {} default values").format(name),
        "update": sql.SQL("update {} set {} = default where false").format(name, column),
        "delete": sql.SQL("delete from {} where false").format(name),
        "truncate": sql.SQL("truncate {} cascade").format(name),
        "lock": sql.SQL("lock table {} in access exclusive mode nowait").format(name),
    }


def is_allowed(connection: psycopg.Connection[Any], statement: sql.Composable) -> bool:
    """Say whether a statement is let through, even if it then breaks a rule of the table.

    A view that cannot be written to at all (55000, 42809) is as good as refused.
    """
    refusals = (
        errors.InsufficientPrivilege,
        errors.ObjectNotInPrerequisiteState,
        errors.WrongObjectType,
    )
    return not isinstance(failure_of(connection, statement), refusals)


def failure_of(
    connection: psycopg.Connection[Any], statement: sql.Composable
) -> psycopg.Error | None:
    """Try a statement and undo it; return why it failed, if it did."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except errors.ActiveSqlTransaction:
        return failure_of_committed(connection, statement)
    except psycopg.Error as error:
        return error
    return None


def failure_of_committed(
    connection: psycopg.Connection[Any], statement: sql.Composable
) -> psycopg.Error | None:
    """Try a statement that no transaction may hold."""
    try:
        connection.execute(statement)
    except psycopg.Error as error:
        return error
    return None
