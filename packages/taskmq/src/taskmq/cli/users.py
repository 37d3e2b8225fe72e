"""Commands about the people who may open the dashboard: users add, users list."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click
from taskcore.auth.principal import SYSTEM

from taskmq import cli as front
from taskmq.cli.failures import bad_input
from taskmq.cli.output import Column, Document, Output, output_options
from taskmq.cli.session import close_at_end
from taskmq.cli.text import timestamp, visible
from taskmq.errors import NotSupported
from taskmq.roles import USER_ROLES
from taskmq.storage.store_backend import StoreBackend

if TYPE_CHECKING:  # what hashes passwords takes long to load
    from taskcore.auth.accounts import Accounts

T = TypeVar("T")
MOST = 1_000

COLUMNS = (
    Column("name", "Name"),
    Column("role", "Role"),
    Column("enabled", "Enabled"),
    Column("last_login", "Last login"),
)


@click.group("users")
def users() -> None:
    """Manage who may open the dashboard.

    Until there is a user, it is open to programs on this machine.
    """


@users.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(sorted(USER_ROLES)), default="viewer", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")
def add_user(name: str, role: str, password_stdin: bool) -> None:
    """Make a user; the password is asked for."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _asked()

    async def add(accounts: "Accounts") -> str:
        user = await accounts.users.create(SYSTEM, name, password, role=role, must_change_password=False)
        return user.name

    click.echo(f"User {visible(_with_accounts(add))} ({role}) created.")


@users.command("list")
@output_options
def list_users(output: Output) -> None:
    """List the users, by name."""

    async def found(accounts: "Accounts") -> list[Document]:
        return [
            {
                "name": user.name,
                "role": user.role,
                "enabled": user.enabled,
                "last_login": timestamp(user.last_login_at),
            }
            for user in await accounts.users.page(SYSTEM, limit=MOST)
        ]

    output.many(_with_accounts(found), COLUMNS)


def _asked() -> str:
    if not sys.stdin.isatty():
        raise bad_input("the password is typed on a terminal", hint="in a script, pipe it to: --password-stdin")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Repeat")
    return password


def _with_accounts(work: "Callable[[Accounts], Awaitable[T]]") -> T:
    backend = front.get_backend()
    close_at_end(backend)
    if not isinstance(backend, StoreBackend):
        raise NotSupported(f"{type(backend).__name__} keeps no users")
    return asyncio.run(_run(backend, work))


async def _run(backend: StoreBackend, work: "Callable[[Accounts], Awaitable[T]]") -> T:
    from taskcore.auth.signing import Signing

    from taskmq.accounts import accounts_of
    from taskmq.jwt_secret import new_secret

    # Nothing that is signed here leaves this process.
    async with accounts_of(backend, Signing(new_secret())) as accounts:
        return await work(accounts)
