"""Routes of somebody's own that are guarded by this API's tokens."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from starlette.testclient import TestClient
from taskcore.auth.principal import SYSTEM
from taskmq.accounts import accounts_of
from taskmq.bridge import bridge
from taskmq.jwt_secret import keys_of
from taskmq.storage.sqlite_backend import SQLiteBackend

pytestmark = pytest.mark.stores("sqlite")

SECRET = "a secret of these tests, which is long enough"


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setenv("TASKMQ_JWT_SECRET", SECRET)
    monkeypatch.delitem(sys.modules, "taskmq.api_server", raising=False)
    module = importlib.import_module("taskmq.api_server")
    yield module
    module.get_backend.close()


@pytest.fixture
def client(server: ModuleType) -> TestClient:
    app = FastAPI()

    @app.get("/me")
    def me(user: Annotated[dict[str, Any], Depends(server.get_current_user)]) -> str:
        return str(user["sub"])

    @app.get("/admins")
    def admins(user: Annotated[dict[str, Any], Depends(server.require_role(["admin"]))]) -> str:
        return str(user["role"])

    app.mount("/metrics", server.metrics_app)
    return TestClient(app)


def test_a_token_opens_what_its_role_may_do(server: ModuleType, client: TestClient) -> None:
    admin, worker = ({"Authorization": f"bearer {server.create_token('ada', role)}"} for role in ("admin", "worker"))

    assert "ada" == client.get("/me", headers=worker).json()
    assert "admin" == client.get("/admins", headers=admin).json()
    refused = client.get("/admins", headers=worker)
    assert (403, {"detail": "Insufficient permissions"}) == (refused.status_code, refused.json())


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer nonsense"])
def test_without_a_good_token_the_answer_says_how(client: TestClient, header: str | None) -> None:
    answer = client.get("/me", headers={} if header is None else {"Authorization": header})

    assert (401, {"detail": "Invalid or missing token"}) == (answer.status_code, answer.json())
    assert "Bearer" == answer.headers["WWW-Authenticate"]


def test_users_are_told_without_their_passwords(server: ModuleType) -> None:
    backend = SQLiteBackend()

    async def make() -> None:
        async with accounts_of(backend, keys_of(SECRET, {}).signing) as accounts:
            await accounts.users.create(SYSTEM, "ada", "correct horse battery", role="admin")

    assert {} == server.load_users()
    bridge.run(make())
    assert {"ada": {"role": "admin"}} == server.load_users()
    assert str(Path("taskmq.db").absolute()) == server.USERS_PATH
    backend.close()


def test_metrics_can_be_mounted_elsewhere(server: ModuleType, client: TestClient) -> None:
    SQLiteBackend().insert_job({})

    answer = client.get("/metrics/")

    assert 200 == answer.status_code
    assert "queue_depth 1.0" in answer.text
