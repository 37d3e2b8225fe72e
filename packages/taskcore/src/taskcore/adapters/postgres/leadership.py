"""Named leases with epochs, as ``taskcore.ports.leadership`` tells it."""

# ruff: noqa: S608 - statements are put together from constants alone; values are always parameters
from datetime import timedelta

from taskcore.adapters.postgres.database import Runner
from taskcore.adapters.postgres.statements import CLOCK
from taskcore.adapters.sql.rows import LATEST, micros
from taskcore.clock import from_micros
from taskcore.lease import Leadership

# The row stays when the lease is given back, so that its epoch goes on. Nobody's name is empty. Where the lease is
# somebody else's the update changes nothing, but locks and answers the row as it is now.
_CAMPAIGN = f"""
WITH {CLOCK}
INSERT INTO {{p}}_leaders AS held (name, holder, epoch, until)
SELECT $2, $3, 1, least(now + $4::bigint, {LATEST}) FROM clock
ON CONFLICT (name) DO UPDATE SET
    until = CASE WHEN held.holder = $3 OR held.until <= (SELECT now FROM clock) THEN excluded.until ELSE held.until END,
    holder = CASE WHEN held.until <= (SELECT now FROM clock) THEN $3 ELSE held.holder END,
    epoch = held.epoch + (held.holder <> $3 AND held.until <= (SELECT now FROM clock))::integer
RETURNING holder, epoch, until"""
_RESIGN = f"""
WITH {CLOCK}
UPDATE {{p}}_leaders SET holder = '', until = now FROM clock WHERE name = $2 AND holder = $3 AND epoch = $4"""


async def campaign(runner: Runner, name: str, holder: str, lease_for: timedelta) -> Leadership:
    ((present, epoch, until),) = await runner.fetch(_CAMPAIGN, runner.now, name, holder, min(micros(lease_for), LATEST))
    return Leadership(name=name, holder=present, epoch=epoch, until=from_micros(until))


async def resign(runner: Runner, held: Leadership) -> None:
    await runner.fetch(_RESIGN, runner.now, held.name, held.holder, held.epoch)
