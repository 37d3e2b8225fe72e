"""A dashboard with the sample day, and somebody of each role who may log in."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp
from taskcore.adapters.memory.accounts import MemoryAccounts
from taskcore.auth.accounts import Accounts
from taskcore.auth.authenticators import KeyAuthenticator, SessionAuthenticator
from taskcore.auth.chain import Chain
from taskcore.auth.passwords import Passwords
from taskcore.auth.principal import SYSTEM
from taskcore.auth.signing import Signing
from taskcore.auth.throttle import LoginThrottle
from taskcore.clock import SystemClock
from taskcore.ratelimit import Rate
from taskcore.testing.dashboard import Story, a_story, sample_source
from taskcore.ui import Dashboard
from taskcore.ui.source import DashboardSource
from taskcore.web.access import Access

PASSWORD = "correct horse"
PEOPLE = {"ada": "admin", "olga": "operator", "vic": "viewer"}


@dataclass
class House:
    """Everything a browser test may want to look into."""

    story: Story
    source: DashboardSource
    accounts: Accounts
    access: Access
    dashboard: ASGIApp


def a_house(*, hostile: bool = False, prefix: str = "", per_address: int = 1_000) -> House:
    """A house below ``prefix``. Logins of one address are hardly limited: all browsers here come from the same one."""
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright has a loop of its own running in this thread
        return elsewhere.submit(asyncio.run, _built(hostile, prefix, per_address)).result()


async def _built(hostile: bool, prefix: str, per_address: int) -> House:
    story = await a_story(hostile=hostile)
    source = await sample_source(story, hostile=hostile)
    accounts = Accounts(
        MemoryAccounts(SystemClock()),
        Signing("a key of enough bytes to sign with"),
        passwords=Passwords(hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)),
        throttle=LoginThrottle(per_address=Rate(per_address, 60)),
    )
    for name, role in PEOPLE.items():
        await accounts.users.create(SYSTEM, name, PASSWORD, role=role, must_change_password=False)
    chain = Chain([SessionAuthenticator(accounts), KeyAuthenticator(accounts)])
    access = Access(chain=chain, accounts=accounts)
    dashboard: ASGIApp = Dashboard(source, access=access, environment="production", gallery=True, clock=story.clock)
    if prefix:
        dashboard = Starlette(routes=[Mount(prefix, dashboard)])
    return House(story, source, accounts, access, dashboard)
