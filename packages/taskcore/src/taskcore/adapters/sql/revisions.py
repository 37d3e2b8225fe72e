"""Which revision the tables of a database are at."""

from typing import Any, Protocol

from sqlalchemy import Select, column, exc, select, table

from taskcore.adapters.sql import version_table
from taskcore.adapters.sql.steps import Errors


class Asking(Protocol):
    """A session, as far as it is needed here."""

    async def first(self, statement: Select[Any], /) -> Any: ...


async def stored_revision(session: Asking, prefix: str, errors: Errors) -> str | None:
    """The revision of the tables that begin with ``prefix``; None when there are none."""
    versions = table(version_table(prefix), column("version_num"))
    try:
        row = await session.first(select(versions.c.version_num))
    except exc.DBAPIError as error:
        if not errors.lacks_tables(error):
            raise
        return None
    return None if row is None else str(row[0])
