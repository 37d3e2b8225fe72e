"""serve-api: a process that answers over HTTP."""

import os
from datetime import timedelta

import click
from taskcore.errors import WeakSecret

from taskmq import cli as front
from taskmq import jwt_secret
from taskmq.cli.failures import Failure, bad_input
from taskmq.cli.session import close_at_end

DEV_LIFETIME = timedelta(hours=24)
LAST_ANSWERS = 5
"""Seconds that open requests get when the server stops."""

HINT = f"""export {jwt_secret.VARIABLE}="$(taskmq secrets generate)"   or for a local trial: taskmq serve-api --dev"""


@click.command("serve-api")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 is every one.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8000, show_default=True)
@click.option("--dev", is_flag=True, help="For a trial: sign with a random secret, and print a token.")
def serve_api(host: str, port: int, dev: bool) -> None:
    """Serve the REST API, its documentation at /docs, and the dashboard at /dashboard.

    Tokens are signed with TASKMQ_JWT_SECRET.
    """
    import uvicorn  # it and the application take a second to load, and no other command needs them

    from taskmq.api.app import create_app
    from taskmq.api.desk import Desk

    secret = jwt_secret.new_secret() if dev else configured_secret()
    tokens = jwt_secret.tokens_of(secret, os.environ)
    backend = front.get_backend()
    close_at_end(backend)
    app = create_app(Desk(lambda: backend, tokens, jwt_secret.signing_of(secret)))
    if dev:
        click.echo(f"Token (admin, 24 h): {tokens.create('dev', 'admin', lifetime=DEV_LIFETIME)}")
    click.echo(f"Starting API server on http://{host}:{port} ...")
    # Nobody's forwarding headers are believed; the web kit decides, in one place.
    uvicorn.run(app, host=host, port=port, proxy_headers=False, timeout_graceful_shutdown=LAST_ANSWERS)


def configured_secret() -> str:
    """The secret of the environment, when it is one to sign with.

    Raises:
        Failure: it is not.
    """
    try:
        secret = jwt_secret.secret_of(os.environ)
        jwt_secret.tokens_of(secret, os.environ)
    except WeakSecret as error:
        raise _refused(error) from None
    return secret


def _refused(error: WeakSecret) -> Failure:
    return bad_input(str(error).partition(";")[0], hint=HINT)
