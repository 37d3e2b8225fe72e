"""serve-api: a process that answers over HTTP. What only it needs takes a second to load, so it is loaded here."""

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from taskcore.errors import WeakSecret

from taskmq import cli as front
from taskmq.cli.completing import Whole
from taskmq.cli.failures import ExitCode, bad_input
from taskmq.cli.params import Setting
from taskmq.cli.program import place
from taskmq.cli.session import close_at_end, import_option
from taskmq.settings import Settings

if TYPE_CHECKING:
    from taskmq.jwt_secret import Keys

DEV_LIFETIME = timedelta(hours=24)

HINT = """export TASKMQ_JWT_SECRET="$(taskmq secrets generate)"   or for a local trial: taskmq serve-api --dev"""


@click.command("serve-api")
@click.option(
    "--host",
    cls=Setting,
    envvar="TASKMQ_HOST",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen at; 0.0.0.0 is every one.",
)
@click.option(
    "--port",
    cls=Setting,
    envvar="TASKMQ_PORT",
    type=Whole(0, 65_535),
    metavar="N",
    default=8000,
    show_default=True,
    help="Port to listen at; 0 is any free one.",
)
@click.option(
    "--access-log",
    cls=Setting,
    envvar="TASKMQ_ACCESS_LOG",
    is_flag=True,
    help="Write a line for each request to stderr; metrics count them anyway.",
)
@click.option("--dev", is_flag=True, help="For a trial: sign with a random secret, print a token, and log requests.")
@import_option
def serve_api(host: str, port: int, access_log: bool, dev: bool, modules: tuple[str, ...]) -> ExitCode:
    """Serve the REST API, its documentation at /docs, and the dashboard at /dashboard.

    Jobs get the defaults of handlers that --import registers. Tokens are signed with TASKMQ_JWT_SECRET. Forwarding
    headers are believed of TASKMQ_TRUSTED_PROXIES alone.
    """
    from taskmq.api.app import create_app
    from taskmq.api.desk import Desk, proxies_of
    from taskmq.cli.listening import serve
    from taskmq.jwt_secret import keys_of, new_secret

    keys = keys_of(new_secret(), os.environ) if dev else configured_keys()
    backend = front.get_backend()
    close_at_end(backend)
    desk = Desk(lambda: backend, keys, proxies_of(os.environ))
    app = create_app(desk)
    if dev:
        click.echo(f"Token (admin, 24 h): {keys.tokens.create('dev', 'admin', lifetime=DEV_LIFETIME)}")
    click.echo(f"Starting API server on http://{host}:{port} ...")
    click.echo(f"  dashboard: /dashboard/   documentation: /docs   {place(Settings.from_env(os.environ))}", err=True)
    return serve(app, host, port, access_log=access_log or dev, warm_up=desk.accounts)


def configured_keys() -> "Keys":
    """Made of the secret in the environment.

    Raises:
        Failure: it is none to sign with.
    """
    from taskmq.jwt_secret import keys_of, secret_of

    try:
        return keys_of(secret_of(os.environ), os.environ)
    except WeakSecret as error:
        raise bad_input(str(error).partition(";")[0], hint=HINT) from None
