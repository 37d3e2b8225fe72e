"""The kit over real accounts: what is ended is over with the next request."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from taskcore.adapters.memory.accounts import MemoryAccounts
from taskcore.auth.accounts import Accounts
from taskcore.auth.authenticators import KeyAuthenticator, PasswordAuthenticator, SessionAuthenticator
from taskcore.auth.chain import Chain
from taskcore.auth.passwords import Passwords
from taskcore.auth.principal import SYSTEM
from taskcore.auth.records import AuditQuery
from taskcore.auth.rules import default_password
from taskcore.auth.signing import Signing
from taskcore.clock import SystemClock
from taskcore.web.access import Access
from taskcore.web.auth import origin_of

from .faces import a_client, a_face

ADA = {"name": "ada", "password": "correct horse"}


@dataclass
class House:
    accounts: Accounts
    access: Access

    def client(self, peer: str = "203.0.113.7") -> httpx2.AsyncClient:
        routes = [Route("/login", self.login, methods=["POST"]), Route("/logout", self.logout, methods=["POST"])]
        return a_client(a_face(self.access, routes=routes), peer=peer, base="https://tasks.example")

    async def login(self, request: Request) -> Response:
        form, cookie = await request.form(), self.access.cookie
        login = await self.accounts.login(
            str(form["name"]),
            str(form["password"]),
            origin=origin_of(request),
            instead_of=cookie.read(request.scope),
        )
        response = Response(status_code=204)
        cookie.give(response, request.scope, login.cookie, seconds=60)
        return response

    async def logout(self, request: Request) -> Response:
        response = Response(status_code=204)
        if cookie := self.access.cookie.read(request.scope):
            await self.accounts.logout(cookie, origin=origin_of(request))
        self.access.cookie.take_back(response, request.scope)
        return response


@pytest.fixture
async def house() -> AsyncIterator[House]:
    accounts = Accounts(
        MemoryAccounts(SystemClock()),
        Signing("a key of enough bytes to sign with"),
        passwords=Passwords(hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)),
        local_only=default_password("lapinq", "lapinq"),
    )
    await accounts.users.ensure([("ada", "correct horse")])
    chain = Chain([SessionAuthenticator(accounts), KeyAuthenticator(accounts), PasswordAuthenticator(accounts)])
    yield House(accounts, Access(chain=chain, accounts=accounts))
    await accounts.close()


async def name(client: httpx2.AsyncClient, **headers: str) -> str | None:
    found: str | None = (await client.get("/who", headers=headers)).json()["name"]
    return found


async def test_a_browser_logs_in_and_out_and_its_cookie_is_worth_nothing_afterwards(house: House) -> None:
    async with house.client() as client:
        assert 204 == (await client.post("/login", data=ADA)).status_code
        inside, cookie = await name(client), client.cookies["__Host-tc_session"]
        assert 204 == (await client.post("/logout")).status_code
        kept = await name(client, Cookie=f"__Host-tc_session={cookie}")

    assert ("ada", None) == (inside, kept)
    assert {} == dict(client.cookies)


async def test_a_login_ends_the_session_that_was_planted_before_it(house: House) -> None:
    async with house.client() as client:
        await client.post("/login", data=ADA)
        before = client.cookies["__Host-tc_session"]
        await client.post("/login", data=ADA)

        assert await name(client, Cookie=f"__Host-tc_session={before}") is None
        assert "ada" == await name(client)


async def test_keys_and_passwords_work_in_headers_and_wrong_ones_are_told_and_throttled(house: House) -> None:
    key = await house.accounts.keys.create(SYSTEM, "deploy", role="operator")
    async with house.client() as client:
        assert ["deploy"] * 2 == [
            await name(client, **{"X-API-Key": key.text}),
            await name(client, Authorization=f"Bearer {key.text}"),
        ]
        assert "ada" == (await client.get("/who", auth=("ada", "correct horse"))).json()["name"]
        statuses = [(await client.get("/who", auth=("ada", f"wrong {n}"))).status_code for n in range(6)]

    assert [200] * 5 + [429] == statuses, "wrong is nobody; the sixth in a minute is not looked at"


async def test_the_sixth_wrong_login_waits(house: House) -> None:
    async with house.client() as client:
        answers = [await client.post("/login", data=ADA | {"password": f"wrong {n}"}) for n in range(6)]

    assert [401] * 5 + [429] == [answer.status_code for answer in answers]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_a_default_password_is_good_on_this_machine_and_not_through_a_proxy_on_it(house: House) -> None:
    await house.accounts.users.ensure([("lapinq", "lapinq")])
    form = {"name": "lapinq", "password": "lapinq"}
    async with house.client("127.0.0.1") as client:
        proxied = await client.post("/login", data=form, headers={"X-Forwarded-For": "203.0.113.7"})
        here = await client.post("/login", data=form, headers={"Host": "localhost"})

    assert (401, 204) == (proxied.status_code, here.status_code)


async def test_a_login_from_another_sites_page_is_refused(house: House) -> None:
    async with house.client() as client:
        answer = await client.post("/login", data=ADA, headers={"Origin": "https://evil.example"})

    assert 403 == answer.status_code


async def test_the_audit_log_has_the_address_and_the_request(house: House) -> None:
    async with house.client() as client:
        await client.post("/login", data=ADA, headers={"X-Request-ID": "r-77"})

    entry = (await house.accounts.entries(SYSTEM, AuditQuery()))[0]
    assert ("login", "203.0.113.7", "r-77") == (entry.action, entry.peer, entry.request_id)
