"""Word in the audit log of what commands change, as users, keys and the pages leave it there."""

import argparse
import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from taskcore.auth.auditing import Journal
from taskcore.auth.permissions import ADMIN
from taskcore.auth.principal import Principal
from taskcore.errors import StoreError

from lapinq.cli.output import message
from lapinq.cli.session import opened, settings_of
from lapinq.service import Service
from lapinq.settings import Settings
from lapinq.wiring import open_accounts


def operator() -> Principal:
    """Whoever sits at this shell, by the name that the system has for them: who has the machine may do everything."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a number without a name, as in some containers
        name = "unknown"
    return Principal(id=f"shell:{name}", name=name, role=ADMIN, via="cli")


@dataclass(frozen=True, slots=True)
class Changing:
    """The use cases for a command that changes something, which it notes afterwards."""

    service: Service
    settings: Settings

    async def note(self, action: str, target: str, detail: str = "") -> None:
        """Leave an entry. What was done stays done when it cannot be written down; the command says so."""
        try:
            store = await open_accounts(self.settings)
            try:
                await Journal(store).note(operator(), action, target, detail)
            finally:
                await store.close()
        except StoreError as error:
            message(f"not in the audit log: {action} {target}: {error}")


@asynccontextmanager
async def changing(args: argparse.Namespace) -> AsyncIterator[Changing]:
    """For the database that the options name.

    Raises: as ``Service.open``.
    """
    settings = settings_of(args)
    async with opened(settings) as service:
        yield Changing(service, settings)
