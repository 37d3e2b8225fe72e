"""What a task is, out of the options of a command that makes one, or a schedule of them."""

import argparse
import json
from datetime import timedelta
from typing import Any

from lapinq.cli.failures import bad_input
from lapinq.vocabulary import function_of


def order_of(args: argparse.Namespace) -> dict[str, Any]:
    """As JSON, for ``Order.from_json`` to check. ``args`` are those of ``parsers.arguments.add_order``.

    Raises:
        Failure: the function is none, or something is no JSON.
    """
    module_path, task_name = function_of(args.function)
    if not task_name:
        raise bad_input(f'name the function as MODULE:FUNCTION, as in myapp.tasks:add, got "{args.function}"')
    return {
        "task_name": task_name,
        "module_path": module_path,
        "queue_name": args.queue,
        "args": _json("--args", args.args),
        "kwargs": _json("--kwargs", args.kwargs),
        "metadata": _json("--metadata", args.metadata),
        "priority": args.priority,
        "max_retries": args.max_retries,
        "retry_delay": _seconds(args.retry_delay),
        "retry_backoff": args.retry_delay is None,
        "ttl_seconds": _seconds(args.ttl),
        "webhook_url": args.webhook_url,
    }


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        hint = """quote the whole value for your shell, as in --kwargs '{"video_id": 1}'"""
        raise bad_input(f"{option} must be JSON: {error}", hint=hint) from None


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
