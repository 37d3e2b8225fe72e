"""Jobs in a SQLite file, for any number of processes of one machine."""

from collections.abc import Coroutine
from os import PathLike
from pathlib import Path
from typing import Any

from taskcore.auth.stores import AccountStore
from taskcore.ports import TaskStore

from taskmq.storage.store_backend import StoreBackend
from taskmq.wiring import open_accounts, open_sqlite

DB_PATH = "taskmq.db"


class SQLiteBackend(StoreBackend):
    """A file that is created, with its tables, where it is missing; its folder must exist.

    A file that the public release of task-mq wrote is taken over: jobs, dead jobs and logs keep their ids, and
    the tables stay in the file under names that begin with ``task_mq_backup_``.

    Raises:
        StoreUnavailable: the file cannot be opened. SchemaMismatch: a later release wrote it.
    """

    def __init__(self, db_path: str | PathLike[str] = DB_PATH) -> None:
        super().__init__()
        self.db_path = db_path
        # A process that changes its folder later still means the same file.
        self._file = Path(db_path).absolute() if str(db_path)[:1] not in ("", ":") else db_path
        self.init_db()

    def init_db(self) -> None:
        """Open the file and see to its tables. The constructor has done it."""
        _ = self.store

    def _open(self) -> Coroutine[Any, Any, TaskStore]:
        return open_sqlite(self._file)

    async def open_accounts(self) -> AccountStore:
        """The users in the same file."""
        return await open_accounts(self._file)
