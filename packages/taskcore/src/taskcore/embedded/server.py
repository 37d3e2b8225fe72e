"""One server in a folder, shared by every process that asks for it."""

import asyncio
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskcore.embedded.keeper import KEEPER, PID, USERS, is_free, lock
from taskcore.embedded.launch import join, launch
from taskcore.embedded.programs import Program
from taskcore.errors import StoreUnavailable

_DOOR = "door.lock"
"""Held by who comes or goes: one at a time, so that nobody starts a server twice or misses its end."""


class EmbeddedServer:
    """Use it with ``with`` or ``async with``, which answer the URL; the last user of the folder stops the server.

    A server that crashes comes back at the same URL while it has users. A user that is killed counts as gone.
    """

    def __init__(self, program: Program, folder: Path) -> None:
        self._program, self._folder = program, folder.absolute()
        self._turn = threading.Lock()
        self._users: int | None = None

    @property
    def home(self) -> Path:
        """Where its data, its log and its locks are."""
        return self._folder / self._program.folder

    @property
    def url(self) -> str:
        """Where clients find it, with its password."""
        return (self.home / "url").read_text()

    @property
    def pid(self) -> int | None:
        """The process that is the server now, None while it is away."""
        try:
            return int((self.home / PID).read_text())
        except FileNotFoundError:
            return None

    def start(self) -> str:
        """Answer the URL of the server once it accepts clients: in about a second when it has to be made.

        Raises:
            MissingExtra: the wheel with the server is not installed.
            StoreUnavailable: it cannot run here, or not on the data of this folder.
        """
        with self._turn:
            if self._users is None:
                self._users = self._enter()
            return self.url

    def stop(self) -> None:
        """Give the server up; whoever is its last user waits until it has stopped."""
        with self._turn:
            users, self._users = self._users, None
            if users is not None:
                self._leave(users)

    def __enter__(self) -> str:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> str:
        try:
            return await asyncio.to_thread(self.start)
        except asyncio.CancelledError:
            threading.Thread(target=self.stop).start()  # The start goes on in its thread, and this one comes after it.
            raise

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    def _make_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        ignored = self._folder / ".gitignore"
        if not ignored.exists():
            ignored.write_text("*\n")

    @contextmanager
    def _door(self) -> Iterator[None]:
        door = lock(self.home / _DOOR, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(door)

    def _enter(self) -> int:
        try:
            self._make_home()
            with self._door():
                return self._use()
        except OSError as error:
            raise StoreUnavailable(
                f"{self._program.name} cannot use {self.home}: {error.strerror}; choose a folder on a local disk that "
                f"belongs to the present user, or set the URL of a server"
            ) from error

    def _use(self) -> int:
        users = lock(self.home / USERS, fcntl.LOCK_SH)  # Waits for a server that is stopping.
        try:
            if is_free(self.home / KEEPER):
                launch(self._program, self.home)
            else:
                join(self._program, self.home)
        except BaseException:
            os.close(users)
            raise
        return users

    def _leave(self, users: int) -> None:
        if not self.home.exists():
            os.close(users)  # Somebody removed the folder, and with it what there is to wait for.
            return
        with self._door():
            os.close(users)
            if self._nobody_is_left():
                for name in (KEEPER, USERS):  # The keeper frees them in this order when the server is gone.
                    os.close(lock(self.home / name, fcntl.LOCK_SH))

    def _nobody_is_left(self) -> bool:
        """Whether the keeper has the lock of the users, or nobody has, so that the keeper gets it."""
        users = self.home / USERS
        return is_free(users, fcntl.LOCK_EX) or not is_free(users)
