"""Who of many processes acts. A hint for efficiency: what must not happen twice has its own fence."""

from datetime import timedelta
from typing import Protocol

from taskcore.lease import Leadership


class LeaderStore(Protocol):
    """Named leases with epochs, by the store's clock."""

    async def campaign(self, name: str, holder: str, lease_for: timedelta) -> Leadership:
        """Take or renew the lease ``name`` when it is free, run out, or ours; answer who holds it now.

        Taking it anew adds one to ``epoch``; renewing keeps it.
        """
        ...

    async def resign(self, held: Leadership) -> None:
        """Give the lease back if it is still exactly this one."""
        ...
