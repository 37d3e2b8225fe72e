"""Runs the tests of a contract class without pytest around them, so that another test can look at what failed."""

import asyncio
import inspect
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from taskcore.testing import FakeClock

Opener = Callable[[FakeClock], Any]


def broken_claims(contract: type, opener: Opener) -> list[str]:
    """The names of the tests that a store fails."""
    return [name for name in dir(contract) if name.startswith("test_") and not holds(contract, name, opener)]


def holds(contract: type, claim: str, opener: Opener) -> bool:
    """Whether a store passes every case of one test; each case gets a fresh one."""
    with asyncio.Runner() as runner:
        return all(_passes(runner, getattr(contract(), claim), case, opener) for case in _cases(contract, claim))


def _passes(runner: asyncio.Runner, test: Callable[..., Any], case: dict[str, Any], opener: Opener) -> bool:
    clock = FakeClock()
    store = opener(clock)
    fixtures = {"store": store, "another": store, "clock": clock} | case
    try:
        runner.run(test(**{name: fixtures[name] for name in inspect.signature(test).parameters}))
    except (Exception, pytest.fail.Exception):
        return False
    return True


def _cases(contract: type, claim: str) -> Iterator[dict[str, Any]]:
    """The arguments of each case of a parametrized test; for a plain one a single case without any."""
    marks = [mark for mark in getattr(getattr(contract, claim), "pytestmark", []) if mark.name == "parametrize"]
    for choice in product(*[_arguments(*mark.args) for mark in marks]):
        yield {name: value for arguments in choice for name, value in arguments.items()}


def _arguments(names: str | tuple[str, ...], cases: list[Any]) -> list[dict[str, Any]]:
    """What one ``parametrize`` says, with its cases given bare or as ``pytest.param``."""
    rows = [getattr(case, "values", case if isinstance(names, tuple) else (case,)) for case in cases]
    return [dict(zip((names,) if isinstance(names, str) else names, row, strict=True)) for row in rows]
