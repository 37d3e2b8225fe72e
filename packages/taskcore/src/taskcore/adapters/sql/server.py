"""One server and its pool of connections."""

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from taskcore.adapters.sql.dialects import Dialect
from taskcore.adapters.sql.errors import Translator
from taskcore.adapters.sql.schema import Schema
from taskcore.adapters.sql.session import Session, Tables
from taskcore.adapters.sql.steps import Steps
from taskcore.clock import Clock
from taskcore.errors import MissingExtra

_CONNECTIONS = 4
"""Kept open by a process; under load it has twice as many, since servers count them."""
_PATIENCE = 30.0
"""Seconds to wait for a free one."""


class Server(Steps[Session]):
    """Runs functions that take a ``Session``, as ``Steps`` does."""

    def __init__(self, url: URL, prefix: str, dialect: Dialect, clock: Clock | None) -> None:
        self.errors = Translator(dialect, f"{url.host}:{url.port or dialect.port}/{url.database}")
        self.tables = Tables(Schema(prefix, dialect), self.errors, clock)
        super().__init__(_engine(url, dialect), self.errors, lambda connection: Session(connection, self.tables))


def _engine(url: URL, dialect: Dialect) -> AsyncEngine:
    try:
        return create_async_engine(
            url.set(drivername=dialect.driver),
            isolation_level="READ COMMITTED",  # no gaps are locked, and a look after a lock sees what was committed
            connect_args=dict(dialect.connect),
            pool_size=_CONNECTIONS,
            max_overflow=_CONNECTIONS,
            pool_timeout=_PATIENCE,
            pool_reset_on_return=None,  # a step has committed or rolled back by then
            hide_parameters=True,  # payloads are nobody's business in a traceback
        )
    except ImportError as error:
        raise MissingExtra(f"a store on this server needs: pip install 'taskcore[{dialect.extra}]'") from error
