"""Every promise about this repository is one session; `uv run nox` runs those that a contributor needs."""

import os
import socket
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.16"
nox.options.default_venv_backend = "uv"
# Cheap and likely to fail first; the tests last, so that their closing lines are what one sees.
nox.options.sessions = ["lint", "types", "docs", "build", "isolated", "embedded", "tests"]

# Folder of every member -> the name of its distribution.
MEMBERS = {
    str(path.parent): tomllib.loads(path.read_text(encoding="utf-8"))["project"]["name"]
    for path in sorted([*Path().glob("packages/*/pyproject.toml"), *Path().glob("apps/*/pyproject.toml")])
}

# Imports what a distribution ships, finds its `py.typed` and loads each of its commands.
SMOKE = """
import importlib, importlib.metadata, importlib.resources, sys
distribution = importlib.metadata.distribution(sys.argv[1])
for name in {path.parts[0] for path in distribution.files if path.suffix == ".py"}:
    assert importlib.resources.files(importlib.import_module(name)).joinpath("py.typed").is_file(), name
for script in distribution.entry_points.select(group="console_scripts"):
    assert callable(script.load()), script
"""


# Several tests at the same time: most of them wait for disks and servers.
AT_ONCE = ("-n", "3")
TWO_AT_ONCE = ("-n", "2")  # A browser keeps a processor busy, and so do workers that are killed and started.
ON_STORES = ("tests/architecture", "tests/conformance")
# No face keeps its tasks there yet, and it is slow: `mysql` is a session of its own.
NOT_MYSQL = ("-k", "not mysql")
# What differs between versions of the servers; accounts and pages ask little of them.
ON_SERVERS = ("tests/conformance/test_postgres.py", "tests/conformance/test_redis.py")
# Another server is another place for the same scripts: that those count ids too is tried on the machine's.
ONE_KIND_OF_IDS = ("-k", "not numbered or TestNumberedIds")
# Where the tests look for the servers of the machine, and what names others.
SERVERS = {5432: "TASKCORE_POSTGRES_URL", 6379: "TASKCORE_REDIS_URL"}


def is_there(port: int, variable: str) -> bool:
    """Whether somebody named a server, or one listens on this machine."""
    with socket.socket() as client:
        return variable in os.environ or client.connect_ex(("127.0.0.1", port)) == 0


def sync(session: nox.Session, *args: str) -> None:
    """Make the session's environment exactly what uv.lock says, and fail when the lock file is stale."""
    # Hundreds of tests start programs; without kept bytecode each would compile what it imports anew.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    session.run_install(
        "uv",
        "sync",
        "--locked",
        *args,
        f"--python={session.virtualenv.location}",
        env={"UV_PROJECT_ENVIRONMENT": session.virtualenv.location},
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Formatting, lint rules, layers of the architecture."""
    sync(session)
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run("lint-imports", "--no-cache", "--no-logo")


@nox.session
def types(session: nox.Session) -> None:
    """Strict types over sources, tests and tools."""
    sync(session)
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation and refuse broken links; `tests` runs its code blocks."""
    sync(session, "--no-default-groups", "--group", "docs")
    session.run("mkdocs", "build", "--strict", "--site-dir", session.create_tmp())


@nox.session
@nox.parametrize("member", list(MEMBERS))
def build(session: nox.Session, member: str) -> None:
    """Build all wheels, then import one member in an environment made from nothing but wheels."""
    folder = Path(session.create_tmp()).resolve()
    session.run_install("uv", "build", "--quiet", "--all-packages", "--wheel", "--clear", f"--out-dir={folder}")
    wheels = {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}
    # Siblings must come from this folder even if an index has distributions of the same names.
    siblings = folder / "siblings.txt"
    siblings.write_text("".join(f"{name} @ {path.as_uri()}\n" for name, path in wheels.items()), encoding="utf-8")
    session.install("--constraint", str(siblings), str(wheels[MEMBERS[member]]))
    session.run("python", "-I", "-W", "error", "-c", SMOKE, MEMBERS[member])


@nox.session
@nox.parametrize("member", list(MEMBERS))
def isolated(session: nox.Session, member: str) -> None:
    """Install one member alone and run its own tests: an undeclared dependency fails here, not at a user."""
    sync(session, "--package", MEMBERS[member], "--all-extras", "--no-default-groups", "--group", "test")
    session.run("pytest", *AT_ONCE, member, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run what crosses packages, or what is named; the tests of one package are those of `isolated`."""
    sync(session)
    if session.posargs:
        session.run("pytest", *session.posargs)
        return
    session.run("pytest", *AT_ONCE, *NOT_MYSQL, *ON_STORES)
    session.run("pytest", *TWO_AT_ONCE, "tests", "--ignore=tests/chaos", *(f"--ignore={each}" for each in ON_STORES))
    session.run(
        "pytest", *TWO_AT_ONCE, *NOT_MYSQL, "tests/chaos"
    )  # Its workers have leases of a second, and must not starve.


@nox.session
def embedded(session: nox.Session) -> None:
    """Run what needs PostgreSQL or Redis on embedded ones, the newest versions, too; a bare machine has no others."""
    if not session.posargs and not any(is_there(*server) for server in SERVERS.items()):
        session.skip("no PostgreSQL and no Redis run here: `tests` uses the embedded ones already")
    sync(session)
    chosen = session.posargs or [*ONE_KIND_OF_IDS, *ON_SERVERS]
    session.run("pytest", *AT_ONCE, "-m", "servers", *chosen, env={"TASKCORE_SERVERS": "embedded"})


@nox.session
def mysql(session: nox.Session) -> None:
    """Run what MySQL or MariaDB is asked for: when a change touches the stores on SQL."""
    sync(session)
    session.run("pytest", *AT_ONCE, "-k", "mysql", "tests/conformance")
    session.run("pytest", *TWO_AT_ONCE, "-k", "mysql", "tests/chaos")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure our stores against the bare drivers and against others' task queues, as ratios within one run."""
    sync(session)
    session.run("python", "-m", "benchmarks", *session.posargs)
