"""Leader election: one process of many does what one is enough for."""

import logging
from datetime import timedelta

from taskcore.errors import StoreUnavailable
from taskcore.lease import Leadership
from taskcore.ports import LeaderStore

log = logging.getLogger("taskcore.engine")


class Leader:
    """``tick`` about three times a lease. ``leads`` is a hint: what must not happen twice has a fence of its own."""

    def __init__(self, store: LeaderStore, name: str, holder: str, lease: timedelta = timedelta(seconds=4)) -> None:
        self._store, self._name, self._holder, self._lease = store, name, holder, lease
        self.held: Leadership | None = None

    @property
    def leads(self) -> bool:
        """Whether this process won the last campaign."""
        return self.held is not None

    async def tick(self) -> None:
        """Campaign once."""
        try:
            won = await self._store.campaign(self._name, self._holder, self._lease)
        except StoreUnavailable:
            self.held = None
            raise
        mine = won.holder == self._holder
        if mine != self.leads:
            log.info("%s %s %s", self._holder, "leads" if mine else "follows in", self._name)
        self.held = won if mine else None

    async def resign(self) -> None:
        """Let somebody else win at once; or, while the store is away, when the lease has run out."""
        held, self.held = self.held, None
        if held is not None:
            try:
                await self._store.resign(held)
            except StoreUnavailable as error:
                log.warning("the lead runs out by itself: %s", error, extra={"event": "store_unavailable"})
