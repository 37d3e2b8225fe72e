"""Commands about tokens and secrets: token create, secrets generate."""

from datetime import timedelta

import click

from taskmq.cli.failures import bad_input
from taskmq.cli.params import duration
from taskmq.cli.serving import configured_keys
from taskmq.roles import TOKEN_ROLES

LONGEST = timedelta(days=3660)


@click.group("token")
def token() -> None:
    """Make tokens for the REST API."""


@token.command("create")
@click.option("--subject", default="cli", show_default=True, help="Whose token it is, for the logs.")
@click.option("--role", type=click.Choice(TOKEN_ROLES), default="worker", show_default=True)
@click.option("--lifetime", type=duration, default="24h", show_default=True, help="How long it is good.")
def create_token(subject: str, role: str, lifetime: timedelta) -> None:
    """Print a token, signed with TASKMQ_JWT_SECRET."""
    if not timedelta(0) < lifetime <= LONGEST:
        raise bad_input(f"--lifetime must be more than nothing and at most {LONGEST.days} days")
    if not 0 < len(subject) <= 200 or not subject.isprintable():
        raise bad_input("--subject must be printable text of 1 to 200 characters")
    click.echo(configured_keys().tokens.create(subject, role, lifetime=lifetime))


@click.group("secrets")
def secrets() -> None:
    """Make secrets."""


@secrets.command("generate")
def generate_secret() -> None:
    """Print a new secret of 32 random bytes, for TASKMQ_JWT_SECRET."""
    from taskmq.jwt_secret import new_secret  # what it signs with takes long to load

    click.echo(new_secret())
