"""Commands that are processes: server, worker, scheduler, execute."""

import argparse
from typing import TYPE_CHECKING

from lapinq.cli.parsers.arguments import add_database, add_imports, add_log_level

if TYPE_CHECKING:
    from lapinq.cli.parsers.arguments import Commands


def add_server_parser(commands: "Commands") -> None:
    text = "Serve the REST API, and on request work on tasks and schedules in the same process."
    parser = commands.add_parser("server", help="serve the REST API", description=text)
    parser.add_argument("--host", default="0.0.0.0", help="address to listen at (%(default)s)")  # noqa: S104  # as documented; strangers get 401
    parser.add_argument("--port", type=int, default=8001, help="port to listen at; 0 is any free one (%(default)s)")
    add_database(parser)
    parser.add_argument("--concurrency", type=int, default=4, help=argparse.SUPPRESS)  # of no effect, ever
    add_log_level(parser)
    parser.add_argument("--worker", action="store_true", help="work on tasks in this process too")
    parser.add_argument("--worker-concurrency", type=int, default=4, help="tasks at the same time (%(default)s)")
    parser.add_argument("--worker-poll-interval", type=float, default=0.1, metavar="S", help="as of worker")
    parser.add_argument("--worker-timeout", type=int, default=300, metavar="S", help="of one execution (%(default)s)")
    add_imports(parser)
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
    add_database(parser)
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
    add_imports(parser)
    _add_webhooks(parser)
    add_log_level(parser)
    parser.set_defaults(run="working:worker")


def add_scheduler_parser(commands: "Commands") -> None:
    text = "Put the tasks of lapinq_scheduled_tasks that are due. Of several such processes one does it."
    parser = commands.add_parser("scheduler", help="put tasks that are due", description=text)
    add_database(parser)
    add_imports(parser)
    add_log_level(parser)
    parser.set_defaults(run="working:scheduler")


def add_execute_parser(commands: "Commands") -> None:
    text = "Call the function of a task here and now, and print its value. The task stays as it is."
    parser = commands.add_parser("execute", help="call a task's function here and now", description=text)
    parser.add_argument("task_id")
    add_database(parser)
    add_imports(parser)
    parser.set_defaults(run="working:execute")


def _add_webhooks(parser: argparse.ArgumentParser) -> None:
    text = "let webhooks go to this machine and its network [env: LAPINQ_WEBHOOK_ALLOW_PRIVATE]"
    parser.add_argument("--webhook-allow-private", action="store_true", help=text)
