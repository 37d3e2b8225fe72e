"""A server lives as long as it has users, whichever way they end, and comes back when it is killed itself."""

import asyncio
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from taskcore.embedded.keeper import KEEPER, SERVER, USERS, is_free
from taskcore.embedded.server import EmbeddedServer
from taskcore.testing import eventually

from .users import Kind, told, user


def nothing_runs(home: Path) -> bool:
    return all(is_free(home / name) for name in (USERS, KEEPER, SERVER))


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()  # Of a zombie too.


def runs(pid: int) -> bool:
    return exists(pid) and Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def process(server: EmbeddedServer) -> int:
    assert server.pid is not None
    return server.pid


def keeper_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def test_it_answers_inside_the_block_and_is_gone_behind_it(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)

    with server as url:
        await asyncio.to_thread(kind.write, url)
        pid = process(server)
        keeper = keeper_of(pid)
        assert "kept" == await asyncio.to_thread(kind.read, url)

    assert nothing_runs(server.home)
    assert not exists(pid)
    await eventually(lambda: not exists(keeper))  # Not even as a zombie.


def test_a_restart_keeps_the_data_and_the_url(kind: Kind, tmp_path: Path) -> None:
    with kind.server(tmp_path) as before:
        kind.write(before)

    with kind.server(tmp_path) as after:
        assert before == after
        assert "kept" == kind.read(after)


def test_users_of_one_folder_share_a_server_until_the_last_has_gone(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)

    with user(kind, tmp_path) as other:
        url, pid = told(other)
        with server, kind.server(tmp_path):
            assert (url, pid) == (server.url, server.pid)
            other.communicate()
            kind.write(url)
            assert pid == server.pid

    assert nothing_runs(server.home)


def test_processes_that_come_at_once_start_one_server(kind: Kind, tmp_path: Path) -> None:
    with ExitStack() as stack:
        users = [stack.enter_context(user(kind, tmp_path)) for _ in range(4)]
        servers = {told(each) for each in users}

    assert 1 == len(servers)
    assert nothing_runs(kind.server(tmp_path).home)


async def test_a_killed_user_counts_as_gone(kind: Kind, tmp_path: Path) -> None:
    with user(kind, tmp_path) as only:
        told(only)
        only.kill()

    await eventually(lambda: nothing_runs(kind.server(tmp_path).home))


def test_a_killed_user_takes_nothing_from_the_others(kind: Kind, tmp_path: Path) -> None:
    with kind.server(tmp_path) as url:
        kind.write(url)
        with user(kind, tmp_path) as other:
            told(other)
            other.kill()
        assert "kept" == kind.read(url)


async def test_a_killed_server_comes_back_with_its_data_at_the_same_url(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)
    with server as url:
        await asyncio.to_thread(kind.write, url)
        killed = process(server)

        os.kill(killed, signal.SIGKILL)
        await eventually(lambda: server.pid not in {None, killed})

        with kind.server(tmp_path) as again:  # Who comes now waits until it has recovered.
            assert url == again
            assert "kept" == await asyncio.to_thread(kind.read, again)


async def test_a_server_whose_keeper_was_killed_is_replaced_by_the_next_user(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)
    with server as url:
        await asyncio.to_thread(kind.write, url)
        orphan = process(server)
        os.kill(keeper_of(orphan), signal.SIGKILL)
        await eventually(lambda: is_free(server.home / KEEPER))

        with kind.server(tmp_path) as again:
            assert url == again
            assert orphan != server.pid
            assert not runs(orphan)
            assert "kept" == await asyncio.to_thread(kind.read, again)

    assert nothing_runs(server.home)


async def test_what_a_crash_of_everything_left_behind_does_not_matter(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)
    with user(kind, tmp_path) as crashed:
        url, pid = told(crashed)
        await asyncio.to_thread(kind.write, url)
        for victim in (keeper_of(pid), pid, crashed.pid):
            os.kill(victim, signal.SIGKILL)
    await eventually(lambda: nothing_runs(server.home))
    assert (server.home / "pid").exists()

    with server as again:
        assert "kept" == await asyncio.to_thread(kind.read, again)


async def test_it_starts_and_stops_beside_a_running_event_loop(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)
    steps = 0

    async def count() -> None:
        nonlocal steps
        while True:
            steps += 1
            await asyncio.sleep(0.001)

    counting = asyncio.create_task(count())
    async with server as url:
        assert steps > 10, "the loop stood still while the server started"
        await asyncio.to_thread(kind.write, url)
    counting.cancel()

    assert nothing_runs(server.home)


async def test_who_is_cancelled_while_it_starts_leaves_nothing(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)
    starting = asyncio.create_task(server.__aenter__())
    await eventually((server.home / "url").exists)

    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting

    await eventually(lambda: nothing_runs(server.home))


def test_to_start_and_to_stop_twice_is_fine(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)

    assert server.start() == server.start()
    server.stop()
    server.stop()

    assert nothing_runs(server.home)


def test_ctrl_c_ends_the_user_and_not_the_server_under_it(kind: Kind, tmp_path: Path) -> None:
    server = kind.server(tmp_path)
    with server:
        pid = process(server)

        assert os.getpgid(pid) != os.getpgid(0)
        os.kill(keeper_of(pid), signal.SIGTERM)
        with kind.server(tmp_path):
            assert pid == server.pid
