"""Where settings come from: an option, else the environment, else a file, else the default.

Each setting is an environment variable, so the processes that a command starts have the same ones; a file only says
what they are where nobody else does.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskmq.cli.failures import bad_input

TABLE = "taskmq"
PLACES = "[taskmq] of taskcore.toml, or [tool.taskcore.taskmq] of pyproject.toml"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: ``key`` of a file, and ``variable`` of the environment.

    Attributes:
        secret: it is never shown, and may stand in a file of its own, which ``variable`` with ``_FILE`` names.
    """

    key: str
    default: str | None = None
    secret: bool = False

    @property
    def variable(self) -> str:
        return f"TASKMQ_{self.key.upper()}"


SETTINGS = {
    setting.key: setting
    for setting in (
        Setting("backend", "sqlite"),
        Setting("db_path", "taskmq.db"),
        Setting("redis_url", "redis://localhost:6379/0", secret=True),
        Setting("redis_prefix", "taskmq:"),
        Setting("import"),
        Setting("queues", "default"),
        Setting("max_workers", "1"),
        Setting("processes", "1"),
        Setting("max_jobs"),
        Setting("lease", "30s"),
        Setting("grace", "30s"),
        Setting("result_ttl"),
        Setting("failure_ttl"),
        Setting("health_port"),
        Setting("health_host", "127.0.0.1"),
        Setting("host", "127.0.0.1"),
        Setting("port", "8000"),
        Setting("jwt_secret", secret=True),
        Setting("jwt_require_exp", "0"),
        Setting("trusted_proxies"),
        Setting("access_log", "0"),
    )
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What was found: the file, if there is one, and values by key.

    Attributes:
        options: what the program's own options say.
        environment: the variables before any of this was applied.
    """

    path: Path | None = None
    file: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def changes(self) -> dict[str, str]:
        """The variables to set, so that everybody finds the values in the environment."""
        from_file = {key: value for key, value in self.file.items() if self.origin(key) == "file"}
        changed = {SETTINGS[key].variable: value for key, value in {**from_file, **self.options}.items()}
        replaced = [f"{name}_FILE" for name in changed if f"{name}_FILE" in self.environment]
        return changed | dict.fromkeys(replaced, "")

    def origin(self, key: str) -> str:
        """Who says what the value is: option, environment, file or default."""
        variable = SETTINGS[key].variable
        if key in self.options:
            return "option"
        if self.environment.get(variable) or self.environment.get(f"{variable}_FILE"):
            return "environment"
        return "file" if key in self.file else "default"


def read(path: str | None, options: Mapping[str, str]) -> Configuration:
    """What the file at ``path`` says, else the one that ``TASKMQ_CONFIG`` names, else that of the working directory.

    Raises:
        Failure: it cannot be read, or says something unknown.
    """
    found = path or os.environ.get("TASKMQ_CONFIG")
    place = Path(found) if found else _of_working_directory()
    table = {} if place is None else _table(place)
    values = {key: _text(place, key, value) for key, value in table.items()}
    return Configuration(place if values or found else None, values, options, dict(os.environ))


def _of_working_directory() -> Path | None:
    return next((path for path in (Path("taskcore.toml"), Path("pyproject.toml")) if path.is_file()), None)


def _table(path: Path) -> Mapping[str, Any]:
    try:
        document: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise bad_input(f"cannot read the configuration {path}: {error.strerror}") from None
    except ValueError as error:  # also of text that is no UTF-8
        raise bad_input(f"the configuration {path} is no TOML: {error}") from None
    for name in (*(("tool", "taskcore") if path.name == "pyproject.toml" else ()), TABLE):
        document = document.get(name, {}) if isinstance(document, dict) else None
    if not isinstance(document, dict):
        raise bad_input(f"the configuration {path} must have a table of settings: {PLACES}")
    return document


def _text(path: Path | None, key: str, value: object) -> str:
    """A value of the file as a variable of the environment has it."""
    if key not in SETTINGS:
        close = difflib.get_close_matches(key, SETTINGS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(SETTINGS)}"
        raise bad_input(f"the configuration {path} has an unknown setting {key!r:.80}", hint=hint)
    match value:
        case bool():
            return "1" if value else "0"
        case str() if "\0" not in value:
            return value
        case int():
            return str(value)
        case list() if all(isinstance(each, str) and "\0" not in each for each in value):
            return ",".join(value)
    raise bad_input(f"the configuration {path} must give {key} as text, a number, true, false or a list of texts")
