"""Every name of lapinq 1.3.0 that programs import is there, and does what it says."""

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import lapinq
import pytest
from lapinq import dashboard, worker
from lapinq.service import Service
from lapinq.storage import SQL_SCHEMA, Storage

pytestmark = pytest.mark.anyio

NAMES: Mapping[str, str] = {
    "lapinq": "AsyncTaskQueue TaskQueue TaskRef RetryError __version__",
    "lapinq.client": "AsyncTaskQueue TaskQueue TaskRef",
    "lapinq.dashboard": "dashboard_page admin_users_page queues_html tasks_html",
    "lapinq.execute": "RetryError execute_task execute_task_inline",
    "lapinq.log": "JSONFormatter configure_logging",
    "lapinq.scheduler": "Scheduler",
    "lapinq.server": "create_app MAX_PAYLOAD_SIZE API_PREFIX SESSION_COOKIE SESSION_MAX_AGE FAVICON_PATH "
    "RequestIDMiddleware DashboardAuthMiddleware AuthMiddleware RateLimitMiddleware",
    "lapinq.storage": "Storage SQL_SCHEMA USERS_SCHEMA MIGRATIONS NOTIFY_SQL RETRY_BACKOFF_SECONDS DB_TIMEOUT "
    "PBKDF2_ITERATIONS",
    "lapinq.worker": "run_worker run_worker_inline HEARTBEAT_INTERVAL MAX_IDLE_BACKOFF STALE_RECOVERY_INTERVAL",
    "lapinq._worker": "execute_task_inline",
    "lapinq.__main__": "main build_parser",
}
OF_STORAGE = """
create pool enqueue enqueue_batch claim_task complete_task fail_task update_progress update_task_metadata heartbeat
recover_stale_tasks get_task get_task_result list_tasks list_failed_tasks requeue_task cancel_task delete_tasks
queue_stats cleanup_expired_tasks archive_old_tasks listen_for_changes stop_listening close ensure_default_admin
authenticate get_user_by_id create_user list_users update_password update_role update_permissions delete_user
"""


CLIENT = (
    "server_url='http://127.0.0.1:8001', queue_name='default', timeout=30.0, api_key=None, default_ttl_seconds=None"
)
SIGNATURES: Mapping[str, str] = {
    "lapinq.client.TaskQueue": CLIENT,
    "lapinq.client.AsyncTaskQueue": CLIENT,
    "lapinq.client.TaskQueue.batch_enqueue": "tasks",
    "lapinq.client.TaskRef": "response, server_url, api_key, is_async=False",
    "lapinq.client.TaskRef.wait": "timeout=30, poll_interval=0.5",
    "lapinq.client.TaskRef.awaitait": "timeout=30, poll_interval=0.5",
    "lapinq.execute.RetryError": "countdown=10, message=None",
    "lapinq.execute.execute_task": "task_id",
    "lapinq.execute.execute_task_inline": "task_data",
    "lapinq._worker.execute_task_inline": "task_data",
    "lapinq.server.create_app": "database_url='postgresql://localhost:5432/lapinq', api_key=None, session_secret=None, "
    "rate_limit=0, worker=False, worker_concurrency=4, worker_poll_interval=0.1, worker_timeout=300, "
    "cleanup_interval=0, archive_max_age_days=0, archive_interval=86400, scheduler=False, scheduler_interval=60.0",
    "lapinq.server.RateLimitMiddleware": "app, max_requests, window_seconds=60, max_clients=10000",
    "lapinq.worker.run_worker": "database_url=None, concurrency=4, poll_interval=0.1, task_timeout=300",
    "lapinq.worker.run_worker_inline": "storage, concurrency=4, poll_interval=0.1, task_timeout=300",
    "lapinq.scheduler.Scheduler": "storage, interval=60.0",
    "lapinq.dashboard.dashboard_page": "stats=None, tasks=None, current_user=None, session_token=''",
    "lapinq.dashboard.admin_users_page": "users, queues",
    "lapinq.storage.Storage.create": "database_url, max_size=None, max_retries=5",
    "lapinq.storage.Storage.enqueue": "task_name, queue_name, module_path, args=None, kwargs=None, scheduled_at=None, "
    "max_retries=3, priority=0, ttl_seconds=None, metadata=None, retry_delay=None, retry_backoff=None, "
    "webhook_url=None",
    "lapinq.storage.Storage.enqueue_batch": "tasks",
    "lapinq.storage.Storage.claim_task": "worker_id, statuses=('pending',)",
    "lapinq.storage.Storage.complete_task": "task_id, result=None",
    "lapinq.storage.Storage.fail_task": "task_id, error=None",
    "lapinq.storage.Storage.update_progress": "task_id, progress, message=None",
    "lapinq.storage.Storage.update_task_metadata": "task_id, metadata",
    "lapinq.storage.Storage.heartbeat": "worker_id",
    "lapinq.storage.Storage.recover_stale_tasks": "max_running_seconds=300",
    "lapinq.storage.Storage.list_tasks": "queue_name=None, status=None, task_name=None, limit=50",
    "lapinq.storage.Storage.list_failed_tasks": "queue_name=None, limit=50",
    "lapinq.storage.Storage.delete_tasks": "queue_name=None, status=None, task_name=None, args_search=None, "
    "result_search=None, error_search=None",
    "lapinq.storage.Storage.archive_old_tasks": "max_age_days=30, batch_size=1000",
    "lapinq.storage.Storage.listen_for_changes": "callback",
    "lapinq.storage.Storage.authenticate": "username, password",
    "lapinq.storage.Storage.create_user": "username, password, role='user'",
    "lapinq.storage.Storage.update_password": "user_id, new_password",
    "lapinq.storage.Storage.update_role": "user_id, new_role",
    "lapinq.storage.Storage.update_permissions": "user_id, permissions",
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_have_the_order_names_and_defaults_of_1_3_0(name: str) -> None:
    found = inspect.signature(pkgutil.resolve_name(name)).parameters.values()
    shared = [each for each in found if each.name != "self" and each.kind is each.POSITIONAL_OR_KEYWORD]

    plain = [each.replace(annotation=each.empty) for each in shared]
    assert SIGNATURES[name] == ", ".join(map(str, plain))


@pytest.mark.parametrize("module", NAMES)
def test_what_programs_import_is_there(module: str) -> None:
    found = importlib.import_module(module)

    assert [] == [name for name in NAMES[module].split() if not hasattr(found, name)]
    assert {"AsyncTaskQueue", "TaskQueue", "TaskRef", "RetryError"} <= set(lapinq.__all__)


async def test_a_storage_has_every_documented_method(storage: Storage) -> None:
    assert [] == [name for name in OF_STORAGE.split() if not hasattr(storage, name)]
    await storage.pool.execute(SQL_SCHEMA)


async def test_intervals_of_workers_are_what_the_environment_says_until_a_program_sets_them(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (15.0, 5.0, 300.0) == (
        worker.HEARTBEAT_INTERVAL, worker.MAX_IDLE_BACKOFF, worker.STALE_RECOVERY_INTERVAL,
    )  # fmt: skip
    monkeypatch.setenv("LAPINQ_STALE_RECOVERY_INTERVAL", "7")
    assert 7.0 == worker.STALE_RECOVERY_INTERVAL
    with pytest.raises(AttributeError, match="no attribute 'NOTHING'"):
        _ = worker.NOTHING

    leases = list[timedelta]()
    monkeypatch.setitem(vars(worker), "HEARTBEAT_INTERVAL", 2.0)
    monkeypatch.setattr(worker, "at_work", lambda working: leases.append(working.engine.options.lease))
    with pytest.raises(TypeError):  # nothing was begun
        await worker.run_worker_inline(storage)

    assert [timedelta(seconds=6)] == leases


async def test_pieces_of_html_show_rows_of_a_storage_as_text(storage: Storage, service: Service) -> None:
    hostile = "<script>alert(1)</script>"
    await storage.enqueue("add", hostile, "mytasks", args=[hostile], ttl_seconds=60)
    stats, tasks = await storage.queue_stats(), await storage.list_tasks()
    user = {"username": hostile, "role": "admin", "permissions": {"queues": {hostile: ["cancel"]}}, "created_at": 1}
    pages: list[Any] = [
        dashboard.queues_html(stats),
        dashboard.tasks_html(tasks),
        dashboard.dashboard_page(stats, tasks, user, "a secret token"),
        dashboard.admin_users_page([user], [hostile]),
    ]

    for page in pages:
        assert ("text/html; charset=utf-8", True) == (page.headers["Content-Type"], b"&lt;script&gt;" in page.body)
        assert b"<script" not in page.body
        assert b"secret" not in page.body
    empty = dashboard.dashboard_page().body
    assert b"No queues yet" in empty
    assert b"No tasks found" in empty
    assert b"<title>Lapinq Dashboard</title>" in empty
