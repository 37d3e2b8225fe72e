"""Files for containers name programs, options and settings that exist. No engine is needed to know that."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from lapinq.cli.parsers import build_parser
from taskmq.cli import cli

ROOT = Path(__file__).parents[2]
COMPOSED = {app: yaml.safe_load((ROOT / f"docker/{app}.yaml").read_text()) for app in ("taskmq", "lapinq")}
OURS = [
    pytest.param(app, service, id=f"{app} {name}")
    for app, document in COMPOSED.items()
    for name, service in document["services"].items()
    if "build" in service
]
IMAGE = (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize(("app", "service"), OURS)
def test_a_container_starts_a_command_that_there_is(app: str, service: dict[str, Any]) -> None:
    assert app == service["build"]["args"]["APP"] == service["image"]
    command, *words = service["command"]

    if app == "lapinq":
        assert command == build_parser().parse_args([command, *words]).command
    else:
        with cli.commands[command].make_context(command, words) as context:
            assert command == context.command.name


@pytest.mark.parametrize("app", COMPOSED)
def test_every_setting_is_one_that_the_program_reads(app: str) -> None:
    sources = "".join(path.read_text() for path in (ROOT / f"packages/{app}/src").rglob("*.py"))
    named = {name for service in COMPOSED[app]["services"].values() for name in service.get("environment", {})}
    prefix = f"{app.upper()}_"
    settings = {name for name in (*named, *re.findall(r"\b[A-Z_]+(?==)", IMAGE)) if name.startswith(prefix)}

    assert settings
    for name in settings:
        assert name in sources or name.removeprefix(prefix).lower() in sources, name


@pytest.mark.parametrize("app", COMPOSED)
def test_secrets_come_from_outside(app: str) -> None:
    text = (ROOT / f"docker/{app}.yaml").read_text()

    for name, value in re.findall(r"(\w*(?:SECRET|PASSWORD|API_KEY)): (.*)", text):
        assert value.startswith("${"), name
        assert ":?" in value, name


def test_the_image_holds_every_member_of_the_workspace() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]

    assert {"packages", "apps", "pyproject.toml", "uv.lock"} <= set(kept)
    assert IMAGE.index("USER app") < IMAGE.index("ENTRYPOINT")
