"""What the command line understands. Each command names the function that carries it out, which is loaded only then."""

import argparse
import os
from typing import TYPE_CHECKING, TypeAlias

from lapinq.settings import LOG_LEVELS
from lapinq.vocabulary import STATUSES

if TYPE_CHECKING:
    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

EXIT_CODES = """exit codes: 0 done, 1 refused or not found, 2 bad usage or input, 3 database unreachable,
5 --wait timed out, 130 interrupted"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(prog="lapinq", description="A task queue on PostgreSQL.", epilog=EXIT_CODES)
    parser.add_argument("--version", action="store_true", help="print the versions")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    add_server_parser(commands)
    add_worker_parser(commands)
    add_scheduler_parser(commands)
    add_execute_parser(commands)
    add_queues_parser(commands)
    add_doctor_parser(commands)
    tasks = commands.add_parser("task", help="list, read and change tasks", description="Tasks of the database.")
    actions = tasks.add_subparsers(dest="task_command", required=True, metavar="ACTION")
    add_task_list_parser(actions)
    add_task_get_parser(actions)
    add_task_enqueue_parser(actions)
    add_task_cancel_parser(actions)
    add_task_requeue_parser(actions)
    return parser


def add_server_parser(commands: "Commands") -> None:
    text = "Serve the REST API, and on request work on tasks and schedules in the same process."
    parser = commands.add_parser("server", help="serve the REST API", description=text)
    parser.add_argument("--host", default="0.0.0.0", help="address to listen at (%(default)s)")  # noqa: S104  # as documented; strangers get 401
    parser.add_argument("--port", type=int, default=8001, help="port to listen at; 0 is any free one (%(default)s)")
    _add_database(parser)
    parser.add_argument("--concurrency", type=int, default=4, help=argparse.SUPPRESS)  # of no effect, ever
    _add_log_level(parser)
    parser.add_argument("--worker", action="store_true", help="work on tasks in this process too")
    parser.add_argument("--worker-concurrency", type=int, default=4, help="tasks at the same time (%(default)s)")
    parser.add_argument("--worker-poll-interval", type=float, default=0.1, metavar="S", help="as of worker")
    parser.add_argument("--worker-timeout", type=int, default=300, metavar="S", help="of one execution (%(default)s)")
    _add_imports(parser)
    _add_webhooks(parser)
    text = "seconds between two sweeps of tasks past their TTL; 0 makes none (%(default)s)"
    parser.add_argument("--cleanup-interval", type=float, default=0, metavar="S", help=text)
    text = "remove finished tasks that are older; 0 keeps them (%(default)s)"
    parser.add_argument("--archive-max-age-days", type=float, default=0, metavar="DAYS", help=text)
    parser.add_argument("--scheduler", action="store_true", help="follow lapinq_scheduled_tasks in this process too")
    text = "between two looks for what is due, at the most (%(default)s)"
    parser.add_argument("--scheduler-interval", type=float, default=60.0, metavar="S", help=text)
    text = "without LAPINQ_API_KEY, answer everybody and not only programs on this machine"
    parser.add_argument("--insecure", action="store_true", help=text)
    text = "for a trial: a PostgreSQL below .taskcore/, worker and scheduler inside, on 127.0.0.1"
    parser.add_argument("--dev", action="store_true", help=text)
    parser.set_defaults(run="serving:server")


def add_worker_parser(commands: "Commands") -> None:
    text = "Run tasks until SIGTERM or SIGINT, which lets running ones finish; a second signal waits for none."
    parser = commands.add_parser("worker", help="run tasks", description=text)
    _add_database(parser)
    parser.add_argument("--concurrency", type=int, default=4, metavar="N", help="tasks at the same time (%(default)s)")
    text = "seconds between two looks for tasks that became due; of new ones it is told (%(default)s)"
    parser.add_argument("--poll-interval", type=float, default=0.1, metavar="S", help=text)
    parser.add_argument("--task-timeout", type=float, default=300, metavar="S", help="of one execution (%(default)s)")
    text = "serve this queue; say it again for more (default: every queue)"
    parser.add_argument("-q", "--queue", action="append", default=[], metavar="QUEUE", help=text)
    text = "run functions in threads of the worker, or in child processes that can be killed (%(default)s)"
    parser.add_argument("--isolation", choices=("thread", "process"), default="thread", help=text)
    text = "seconds that running tasks may go on when it is stopped (%(default)s)"
    parser.add_argument("--grace", type=float, default=30, metavar="S", help=text)
    parser.add_argument("--max-tasks", type=int, metavar="N", help="stop after N tasks")
    parser.add_argument("--until-idle", action="store_true", help="stop when no task is due")
    _add_imports(parser)
    _add_webhooks(parser)
    _add_log_level(parser)
    parser.set_defaults(run="working:worker")


def add_scheduler_parser(commands: "Commands") -> None:
    text = "Put the tasks of lapinq_scheduled_tasks that are due. Of several such processes one does it."
    parser = commands.add_parser("scheduler", help="put tasks that are due", description=text)
    _add_database(parser)
    _add_imports(parser)
    _add_log_level(parser)
    parser.set_defaults(run="working:scheduler")


def add_execute_parser(commands: "Commands") -> None:
    text = "Call the function of a task here and now, and print its value. The task stays as it is."
    parser = commands.add_parser("execute", help="call a task's function here and now", description=text)
    parser.add_argument("task_id")
    _add_database(parser)
    _add_imports(parser)
    parser.set_defaults(run="working:execute")


def add_queues_parser(commands: "Commands") -> None:
    text = "How many tasks of each queue have which status, and whether it is paused."
    parser = commands.add_parser("queues", help="list, pause and resume queues", description=text)
    _add_json(parser)
    _add_database(parser)
    parser.set_defaults(run="queues:queues")
    actions = parser.add_subparsers(dest="queues_command", metavar="ACTION")
    pause = "hand out no more of its tasks, to any worker; what runs goes on"
    for verb, text in (("pause", pause), ("resume", "hand out its tasks again")):
        action = actions.add_parser(verb, help=text, description=text)
        action.add_argument("queue")
        _add_database(action)
        action.set_defaults(run=f"queues:{verb}")


def add_doctor_parser(commands: "Commands") -> None:
    text = "Check settings, database, clocks, workers and secrets; exits 1 if a check failed."
    parser = commands.add_parser("doctor", help="check that all is well", description=text)
    _add_database(parser)
    _add_imports(parser)
    _add_json(parser)
    parser.set_defaults(run="doctor:doctor")


def add_task_list_parser(actions: "Commands") -> None:
    parser = actions.add_parser("list", help="the newest tasks", description="The newest tasks first.")
    parser.add_argument("-q", "--queue", help="of this queue")
    parser.add_argument("-s", "--status", choices=STATUSES, help="with this status")
    parser.add_argument("-l", "--limit", type=int, default=20, help="so many; at most 1,000 (%(default)s)")
    _add_json(parser)
    _add_database(parser)
    parser.set_defaults(run="tasks:list_tasks")


def add_task_get_parser(actions: "Commands") -> None:
    parser = actions.add_parser("get", help="one task", description="All about one task.")
    _add_task_id(parser)
    _add_json(parser)
    _add_database(parser)
    parser.set_defaults(run="tasks:get")


def add_task_enqueue_parser(actions: "Commands") -> None:
    text = "Store a task, and print its id."
    parser = actions.add_parser("enqueue", help="store a task", description=text)
    parser.add_argument("function", metavar="MODULE:FUNCTION")
    parser.add_argument("-q", "--queue", default="default", help="(%(default)s)")
    parser.add_argument("--args", default="[]", metavar="JSON", help="an array")
    parser.add_argument("--kwargs", default="{}", metavar="JSON", help="an object")
    parser.add_argument("--priority", type=int, default=0, help="higher ones are run first (%(default)s)")
    parser.add_argument("--max-retries", type=int, default=3, help="executions in all (%(default)s)")
    parser.add_argument("--wait", action="store_true", help="until it is over, and print its result")
    parser.add_argument("--timeout", type=float, default=30, metavar="S", help="of --wait (%(default)s)")
    _add_database(parser)
    _add_imports(parser)
    parser.set_defaults(run="enqueueing:enqueue")


def add_task_cancel_parser(actions: "Commands") -> None:
    parser = actions.add_parser("cancel", help="cancel a pending task", description="Cancel a pending task.")
    _add_task_id(parser)
    _add_database(parser)
    parser.set_defaults(run="tasks:cancel")


def add_task_requeue_parser(actions: "Commands") -> None:
    text = "Make a failed task pending again."
    parser = actions.add_parser("requeue", help="run a failed task again", description=text)
    _add_task_id(parser)
    _add_database(parser)
    parser.set_defaults(run="tasks:requeue")


def _add_task_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task_id", help="its id, or 6 or more hex digits that only its id has")


def _add_database(parser: argparse.ArgumentParser) -> None:
    text = 'where the tasks are; "embedded" is a PostgreSQL below .taskcore/ [env: LAPINQ_DATABASE_URL, DATABASE_URL]'
    parser.add_argument("--database-url", metavar="URL", help=text)


def _add_imports(parser: argparse.ArgumentParser) -> None:
    text = "folder or package of which functions may be run; say it again for more [env: LAPINQ_IMPORT; default: .]"
    parser.add_argument("--import", dest="imports", action="append", default=[], metavar="ROOT", help=text)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-j", "--json", action="store_true", help="print JSON")


def _add_log_level(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("LAPINQ_LOG_LEVEL", "").strip().lower() or "info"
    text = "[env: LAPINQ_LOG_LEVEL; default: info]"
    parser.add_argument("--log-level", choices=LOG_LEVELS, default=default, help=text)


def _add_webhooks(parser: argparse.ArgumentParser) -> None:
    text = "let webhooks go to this machine and its network [env: LAPINQ_WEBHOOK_ALLOW_PRIVATE]"
    parser.add_argument("--webhook-allow-private", action="store_true", help=text)
