"""``/ws``, by a real server and a real client: who may watch, what they see, and how soon."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from lapinq.api import board, live, places
from lapinq.server import create_app
from lapinq.settings import Settings
from lapinq.storage import Storage
from starlette.applications import Starlette
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.browser.serving import Server, served

from ..conftest import EMPTY
from .conftest import P

HOSTILE = '<img src=x onerror="alert(1)">'
Watch = Callable[..., Any]


@pytest.fixture(scope="module")
def app(postgres_url: str) -> Starlette:
    async def empty() -> None:
        storage = await Storage.open(Settings(database_url=postgres_url, pool_size=2))
        await storage.pool.execute(EMPTY)
        await storage.close()

    asyncio.run(empty())
    return create_app(postgres_url, cleanup_interval=300)


@pytest.fixture(scope="module")
def server(app: Starlette) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGSSLMODE", "disable")
        with served(app) as running:
            yield running


@pytest.fixture
def program(server: Server) -> Iterator[httpx.Client]:
    """On this machine, which needs no key."""
    with httpx.Client(base_url=server.address, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return log_in(server)


@pytest.fixture
def watch(server: Server, token: str) -> Watch:
    """Open a socket that is logged in, and take what comes first."""

    @contextmanager
    def opened(shown: str = token) -> Iterator[tuple[ClientConnection, Any]]:
        with connect(ws(server)) as socket:
            socket.send(json.dumps({"type": "auth", "token": shown}))
            yield socket, hear(socket)

    return opened


def ws(server: Server) -> str:
    return server.address.replace("http", "ws") + "/ws"


def log_in(server: Server, name: str = "lapinq", password: str = "lapinq") -> str:
    answer = httpx.post(f"{server.address}/login", json={"username": name, "password": password}, timeout=30)
    assert 200 == answer.status_code, answer.text
    return answer.cookies["lapinq_session"]


def hear(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=60))


def ask(socket: ClientConnection, fits: Callable[[Any], bool] = bool, **filters: object) -> Any:
    """What comes for a filter, and is as it should be; a payload that was on its way is passed over."""
    socket.send(json.dumps(filters))
    return hear_until(socket, lambda found: "table" in found and fits(found))


def hear_until(socket: ClientConnection, fits: Callable[[Any], bool]) -> Any:
    while not fits(found := hear(socket)):
        pass
    return found


def put(program: httpx.Client, queue: str, **given: object) -> str:
    body = {"task_name": "add", "module_path": "mytasks", "queue_name": queue, **given}
    answer = program.post(f"{P}/enqueue", json=body)
    assert 201 == answer.status_code, answer.text
    return str(answer.json()["task_id"])


def empty(app: Starlette) -> None:
    """Wait until the sockets of others, who left, are no more."""
    while app.state.desk.sockets.taken:
        time.sleep(0.005)


def close_code(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed) as closed:
        hear_until(socket, lambda _: False)
    return closed.value.rcvd.code if closed.value.rcvd else None


def test_the_first_payload_has_what_the_documentation_names(program: httpx.Client, watch: Watch, queue: str) -> None:
    put(program, queue, args=[1, "two"], kwargs={"three": [3]}, ttl_seconds=600)

    with watch() as (_, first):
        assert {"cards", "table", "queues", "user", "has_more", "cleanup_interval"} == first.keys()
        assert {"role": "admin", "username": "lapinq"} == first["user"]
        assert 300 == first["cleanup_interval"]
        assert queue in first["queues"]
        assert f'<div class="card-name">{queue}</div>\n<div class="card-count">1 active</div>' in first["cards"]
        assert "1, two, three=[3]" in first["table"]
        assert "badge badge-pending" in first["table"]
        assert ">9m " in first["table"]


@pytest.mark.parametrize(
    "first",
    ['{"type": "auth", "token": "x"}', '{"type": "auth"}', '{"type": "auth", "token": 5}', "nonsense", "[]", "", b"\0"],
)
def test_whoever_shows_no_session_is_closed_with_4001(server: Server, token: str, first: str | bytes) -> None:
    with connect(ws(server), additional_headers={"Cookie": f"lapinq_session={token}"}) as socket:
        socket.send(first)
        assert live.REFUSED == close_code(socket) == 4001


def test_whoever_says_nothing_is_closed_with_4001(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 10 == live.FIRST_MESSAGE
    monkeypatch.setattr(live, "FIRST_MESSAGE", 0.1)

    with connect(ws(server)) as socket:
        assert 4001 == close_code(socket)


def test_a_page_of_another_site_cannot_open_one(server: Server) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(ws(server), origin=Origin("https://evil.example")):
        pass

    assert 403 == refused.value.response.status_code


def test_only_so_many_are_open_at_once(
    app: Starlette, server: Server, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MOST", 1)
    for _ in range(2):
        empty(app)
        with watch(), pytest.raises(InvalidStatus, match="503"), connect(ws(server)):
            pass


def test_silent_sockets_keep_nobody_out_who_is_signed_in(
    app: Starlette, server: Server, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FIRST_MESSAGE", 600.0)  # however long it takes to open the others
    empty(app)
    first = json.dumps({"type": "auth", "token": token})

    def silent(address: str) -> ClientConnection:
        return connect(ws(server), source_address=(address, 0))

    with ExitStack() as sockets:
        for _ in range(places.OF_ADDRESS):
            sockets.enter_context(silent("127.0.0.2"))
        with pytest.raises(InvalidStatus, match="503"), silent("127.0.0.2"):
            pass
        with silent("127.0.0.3") as socket:  # elsewhere there is a place yet, for a program that shows its token alone
            socket.send(first)
            assert "table" in hear(socket)
        for place in range(places.STRANGERS - places.OF_ADDRESS):
            sockets.enter_context(silent(f"127.0.0.{3 + place // places.OF_ADDRESS}"))
        with pytest.raises(InvalidStatus, match="503"), silent("127.0.0.9"):
            pass
        cookie = {"Cookie": f"lapinq_session={token}"}
        with connect(ws(server), additional_headers=cookie, source_address=("127.0.0.2", 0)) as socket:
            socket.send(first)
            assert "table" in hear(socket)
    empty(app)
    with silent("127.0.0.2") as socket:  # those who left have left their places
        socket.send(first)
        assert "table" in hear(socket)


def test_a_session_that_ends_closes_its_sockets(server: Server, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "RECHECK", 0.1)
    mine = log_in(server)

    with watch(mine) as (socket, _):
        httpx.get(f"{server.address}/logout", headers={"Cookie": f"lapinq_session={mine}"}, timeout=30)
        assert 4001 == close_code(socket)


def test_changes_are_pushed_at_once(
    program: httpx.Client, watch: Watch, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((board, "SELDOM"), (live, "REFRESH")):  # nobody will just happen to look
        monkeypatch.setattr(module, name, 600.0)
    with watch() as (socket, _):
        task = put(program, queue)
        hear_until(socket, lambda found: queue in found["queues"])
        assert 200 == program.delete(f"{P}/tasks/{task}").status_code
        hear_until(socket, lambda found: task in found["table"] and "badge-cancelled" in found["table"])


def test_every_filter_narrows_and_stays_until_it_is_cleared(program: httpx.Client, watch: Watch, queue: str) -> None:
    tasks = [put(program, queue, task_name=name, args=[name]) for name in ("first", "second")]
    program.delete(f"{P}/tasks/{tasks[0]}")

    def shows(*expected: str) -> Callable[[Any], bool]:
        return lambda found: list(expected) == [task for task in tasks if task in found["table"]]

    with watch() as (socket, _):
        ask(socket, lambda found: shows(*tasks)(found) and 1 == found["cards"].count("card-name"), queue=queue)
        ask(socket, shows(tasks[1]), status="pending")
        ask(socket, shows(*tasks), status="")
        ask(socket, shows(tasks[0]), task_name="FIR")
        ask(socket, shows(tasks[1]), task_name=None, args="second")
        ask(socket, shows(tasks[0]), args=None, error="cancelled by")
        ask(socket, lambda found: "No tasks found" in found["table"], error=None, result="none such")
        ask(socket, shows(tasks[1]), result=None, id=tasks[1])
        ask(socket, shows(tasks[0]), id=tasks[0][9:] + "...")
        ask(socket, shows(tasks[1]), id=tasks[1].replace("-", "").upper())
        ask(socket, shows(), id="%")
        ask(socket, shows(*tasks), id=None)
        ask(socket, shows(), status="no such status")


def test_more_than_twenty_are_said_to_be_more(program: httpx.Client, watch: Watch, queue: str) -> None:
    one = {"task_name": "t", "module_path": "mytasks", "queue_name": queue}
    program.post(f"{P}/enqueue/batch", json=[one] * 21)

    with watch() as (socket, _):
        ask(socket, lambda found: found["has_more"] and 20 == found["table"].count("badge-pending"), queue=queue)
        ask(socket, lambda found: not found["has_more"], status="failed")


NOT_FILTERS: list[tuple[str | bytes, str]] = [
    ('{"queue": 5}', "queue must be text, got 5"),
    ('{"id": ["x"]}', "id must be text"),
    ('{"status": {"a": 1}}', "status must be text"),
    ('{"task_name": true}', "task_name must be text"),
    ('{"kwueue": "x"}', "unknown filter 'kwueue'"),
    ("[1]", "must be a JSON object"),
    ("null", "must be a JSON object"),
    ("{", "must be a JSON object"),
    ('{"args": NaN}', "must be a JSON object"),
    ('{"args": "\\ud800"}', "must be a JSON object"),
    ('{"result": "' + "x" * 2_000 + '"}', "at most 1,000 characters"),
    ("x" * 20_000, "at most 16,384 characters"),
    (b"\xff\x00", "must be JSON text"),
]


def test_messages_that_are_none_are_answered_and_change_nothing(watch: Watch) -> None:
    with watch() as (socket, _):
        for message, told in NOT_FILTERS:
            socket.send(message)
            assert told in hear_until(socket, lambda found: "error" in found)["error"], message
        ask(socket, status="failed")


def test_filters_of_any_text_are_harmless(watch: Watch) -> None:
    with watch() as (socket, _):
        for text in ("%", "_", "\\", "'; DROP TABLE lapinq_core_tasks; --", "\u202e", "😀" * 100):
            for name in live.KEYS:
                filters: dict[str, Any] = {name: text}
                ask(socket, **filters)


def test_text_stays_text(program: httpx.Client, watch: Watch, queue: str) -> None:
    hostile = {"task_name": HOSTILE, "args": [HOSTILE], "kwargs": {HOSTILE: HOSTILE, "password": "hunter2"}}
    put(program, f"{queue}{HOSTILE}", **hostile)

    with watch() as (socket, _):
        found = ask(socket, lambda found: 1 == found["table"].count("<tr><td"), queue=f"{queue}{HOSTILE}")
    fragments = [
        found["cards"],
        found["table"],
        program.get(f"{P}/queues/html").text,
        program.get(f"{P}/tasks/html", params={"queue": f"{queue}{HOSTILE}"}).text,
    ]

    for fragment in fragments:
        assert "&lt;img" in fragment
        assert "<img" not in fragment
        assert "hunter2" not in fragment


def test_buttons_are_there_for_those_who_may(
    server: Server, program: httpx.Client, watch: Watch, token: str, queue: str
) -> None:
    put(program, queue)
    put(program, f"{queue}-mine")
    headers = {"Cookie": f"lapinq_session={token}"}
    body = {"username": queue, "password": "secret", "role": "user"}
    user = program.post("/admin/users", json=body, headers=headers).json()["id"]
    grants = {"queues": {f"{queue}-mine": ["cancel"]}}
    program.post(f"/admin/users/{user}/permissions", json=grants, headers=headers)

    with watch(log_in(server, queue, "secret")) as (socket, first):
        assert {"role": "user", "username": queue} == first["user"]
        ask(
            socket, lambda found: f"<td>{queue}</td>" in found["table"] and "<button" not in found["table"], queue=queue
        )
        ask(socket, lambda found: "'cancel')" in found["table"], queue=f"{queue}-mine")
    with watch() as (socket, _):
        ask(socket, lambda found: "'cancel')" in found["table"], queue=queue)


def test_what_other_programs_change_is_pushed_without_asking_for_it(
    app: Starlette, program: httpx.Client, watch: Watch, queue: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "SELDOM", 60.0)
    monkeypatch.setattr(live, "REFRESH", 60.0)
    task = put(program, queue)

    async def cancel() -> None:
        storage = await Storage.open(Settings(database_url=postgres_url, pool_size=2))
        await storage.cancel_task(UUID(task))
        await storage.close()

    with watch() as (socket, _):
        ask(socket, lambda found: "badge-pending" in found["table"], queue=queue)
        asyncio.run(cancel())
        hear_until(socket, lambda found: "badge-cancelled" in found["table"])


def test_ten_idle_dashboards_ask_the_database_less_than_five_times_a_second(
    app: Starlette, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They watch for three seconds, in which whatever else is on this PostgreSQL goes on."""
    asked: list[float] = []
    service = app.state.desk.service
    for owner, name in ((service.store, "revision"), (service.store, "counts"), (service.store, "find")):
        monkeypatch.setattr(owner, name, _counted(getattr(owner, name), asked))

    with ExitStack() as sockets:
        for _ in range(10):
            sockets.enter_context(watch())
        time.sleep(1)  # until it has been seen that nothing goes on
        asked.clear()
        time.sleep(3)
        seen = len(asked)

    recognitions = 10 * 2 * 3 / live.RECHECK
    assert (seen + recognitions) / 3 < 5


def _counted(ask: Callable[..., Any], asked: list[float]) -> Callable[..., Any]:
    async def counted(*args: Any, **kwargs: Any) -> Any:
        asked.append(time.monotonic())
        return await ask(*args, **kwargs)

    return counted
