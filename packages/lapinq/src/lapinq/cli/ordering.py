"""What a task is, out of the options of a command that makes one, or a schedule of them, or changes one."""

import argparse
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from lapinq.cli.failures import bad_input
from lapinq.vocabulary import function_of


def order_of(args: argparse.Namespace) -> dict[str, Any]:
    """As JSON, for ``Order.from_json`` to check; what ``args`` do not have is left out. They are those of
    ``parsers.arguments.add_order``.

    Raises:
        Failure: the function is none, or something is no JSON.
    """
    found = {name: read(getattr(args, given)) for given, (name, read) in _READ.items() if given in args}
    if "function" in args:
        found |= _function(args.function)
    if "retry_delay" in args:
        found["retry_backoff"] = args.retry_delay is None
    return found


def _function(text: str) -> Mapping[str, str]:
    module_path, task_name = function_of(text)
    if not task_name:
        raise bad_input(f'name the function as MODULE:FUNCTION, as in myapp.tasks:add, got "{text}"')
    return {"task_name": task_name, "module_path": module_path}


def _json(option: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            hint = """quote the whole value for your shell, as in --kwargs '{"video_id": 1}'"""
            raise bad_input(f"{option} must be JSON: {error}", hint=hint) from None

    return read


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _same(value: object) -> object:
    return value


_READ: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "queue": ("queue_name", _same),
    "args": ("args", _json("--args")),
    "kwargs": ("kwargs", _json("--kwargs")),
    "metadata": ("metadata", _json("--metadata")),
    "priority": ("priority", _same),
    "max_retries": ("max_retries", _same),
    "retry_delay": ("retry_delay", _seconds),
    "ttl": ("ttl_seconds", _seconds),
    "webhook_url": ("webhook_url", _same),
}
"""What an option is called in JSON, and how its value is read."""
