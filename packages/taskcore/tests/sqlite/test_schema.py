"""The metadata is the truth: what the revisions make is what it says, from nothing and back."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine
from taskcore.adapters.sql import REVISIONS, upgrade, version_table
from taskcore.adapters.sql.tables import tables
from taskcore.adapters.sqlite import database
from taskcore.ids import IdScheme


@pytest.fixture(params=list(IdScheme), ids=lambda scheme: scheme.name.lower())
def ids(request: pytest.FixtureRequest) -> IdScheme:
    return IdScheme(request.param)


@pytest.fixture
def connection(path: Path) -> Iterator[Connection]:
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).begin() as connection:
        yield connection


def schema(connection: Connection) -> set[str]:
    rows = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name LIKE 'jobs%'")
    return {" ".join(sql.split()) for (sql,) in rows if version_table("jobs") not in sql}


def test_the_revisions_make_what_the_metadata_says(connection: Connection, ids: IdScheme) -> None:
    tables("jobs", ids).create_all(connection)
    expected = schema(connection)
    tables("jobs", ids).drop_all(connection)

    upgrade.upgrade(connection, "jobs", ids)

    assert expected == schema(connection)


def test_the_revisions_go_up_down_and_up(connection: Connection, ids: IdScheme) -> None:
    upgrade.upgrade(connection, "jobs", ids)
    made = schema(connection)

    upgrade.downgrade(connection, "jobs", ids)
    assert set() == schema(connection)

    upgrade.upgrade(connection, "jobs", ids)
    assert made == schema(connection)


def test_the_revisions_are_those_that_a_store_knows() -> None:
    script = ScriptDirectory(str(Path(upgrade.__file__).parent / "migrations"))

    assert list(REVISIONS) == [revision.revision for revision in script.walk_revisions()][::-1]


def test_a_migration_that_fails_changes_nothing(path: Path, ids: IdScheme) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE taskcore_leaders (mine TEXT)")  # the last table that is made

    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        database.migrate(path, "taskcore", ids, 1)

    with closing(sqlite3.connect(path)) as connection:
        assert [("taskcore_leaders",)] == connection.execute("SELECT name FROM sqlite_master").fetchall()


def test_migrating_twice_is_fine(path: Path, ids: IdScheme) -> None:
    database.migrate(path, "taskcore", ids, 1)
    database.migrate(path, "taskcore", ids, 1)
