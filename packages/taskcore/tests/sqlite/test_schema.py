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
from taskcore.adapters.sqlite import SQLiteStore, database
from taskcore.ids import IdScheme
from taskcore.models import TaskQuery
from taskcore.states import Phase
from taskcore.testing import a_claim


@pytest.fixture(params=list(IdScheme), ids=lambda scheme: scheme.name.lower())
def ids(request: pytest.FixtureRequest) -> IdScheme:
    return IdScheme(request.param)


@pytest.fixture
def connection(path: Path) -> Iterator[Connection]:
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).begin() as connection:
        yield connection


def schema(connection: Connection) -> set[str]:
    """The text of indexes, and what tables consist of: a column that was added stands elsewhere in a table's text."""
    rows = connection.exec_driver_sql("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    parts = set[str]()
    for name, kind, sql in rows:
        if not name.startswith("jobs") or name == version_table("jobs"):
            continue
        if kind == "index":
            parts.add(" ".join(sql.split()))
        else:
            columns = connection.exec_driver_sql(f"SELECT * FROM pragma_table_info('{name}')").all()
            parts.add(f"{name} {columns} {'AUTOINCREMENT' in sql} {'WITHOUT ROWID' in sql}")
    return parts


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


def test_every_revision_can_be_taken_back(connection: Connection, ids: IdScheme) -> None:
    made = []
    for revision in REVISIONS:
        upgrade.upgrade(connection, "jobs", ids, revision)
        made.append(schema(connection))

    for revision, expected in list(zip(REVISIONS, made, strict=True))[-2::-1]:
        upgrade.downgrade(connection, "jobs", ids, revision)
        assert expected == schema(connection)


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


@pytest.mark.parametrize("release", REVISIONS[:-1])
async def test_tasks_of_an_earlier_release_go_on_after_the_migration(path: Path, ids: IdScheme, release: str) -> None:
    with create_engine(f"sqlite:///{path}", poolclass=NullPool).begin() as connection:
        upgrade.upgrade(connection, "taskcore", ids, release)
        connection.exec_driver_sql(
            "INSERT INTO taskcore_tasks (id, ready, queue, name, priority, created_at, run_at, payload) "
            "VALUES (1, 1, 'default', 'send', 0, 5, 5, '7'), (2, 0, 'default', 'later', 0, 5, 9e15, '8')"
        )

    async with await SQLiteStore.open(path, ids=ids) as store:
        (task,) = await store.claim(a_claim())
        (later,) = await store.find(TaskQuery(phases=frozenset({Phase.SCHEDULED})))
        (counts,) = await store.counts()

    assert ("1", "7", None, 1, None) == (
        task.id,
        task.payload,
        task.concurrency_key,
        task.concurrency_limit,
        task.trace,
    )
    assert "8" == later.payload
    assert {Phase.RUNNING: 1, Phase.SCHEDULED: 1} == {phase: n for phase, n in counts.by_phase.items() if n}


def test_migrating_twice_is_fine(path: Path, ids: IdScheme) -> None:
    database.migrate(path, "taskcore", ids, 1)
    database.migrate(path, "taskcore", ids, 1)
