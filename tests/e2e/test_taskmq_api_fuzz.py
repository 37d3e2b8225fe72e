"""Whatever the API's own document allows to be sent, and some that it does not: no 5xx, no status that is not in the
document, and every answer as the document describes it.

``FUZZ_EXAMPLES`` makes it longer: so many requests for each of the operations.
"""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from taskmq.api.app import create_app
from taskmq.api.desk import Desk
from taskmq.job_schedule import JobSchedule
from taskmq.jwt_secret import keys_of
from taskmq.options import JobOptions
from taskmq.schedules import Schedules
from taskmq.storage import get_backend
from taskmq.storage.sqlite_backend import SQLiteBackend

from tests.browser.serving import served

KEYS = keys_of("a secret of these tests, which is long enough", {})
MANY = int(os.environ.get("FUZZ_EXAMPLES", "3"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SETTINGS = settings(
    max_examples=MANY, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
DOCUMENT = schemathesis.openapi.from_dict(create_app(Desk(get_backend, KEYS)).openapi())
OPERATIONS = [found.ok() for found in DOCUMENT.get_all_operations() if isinstance(found, Ok)]
TAKES_NOTHING = {"GET /health", "GET /monitor/metrics"}
CASES = [
    pytest.param(operation, mode, id=f"{operation.label}, {mode}")
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode.is_positive or operation.label not in TAKES_NOTHING
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a server whose queue has jobs in several states, and a schedule."""
    backend = SQLiteBackend(Path(tmp_path_factory.mktemp("fuzz")) / "taskmq.db")
    backend.insert([({"n": n}, JobOptions(handler="dummy", queue="mail" if n % 2 else "default")) for n in range(12)])
    backend.fetch_job("somebody", 3600)
    backend.move_to_dlq(2, "it went wrong")
    Schedules(backend).save(JobSchedule(id="nightly", cron="0 3 * * *"))
    with served(create_app(Desk(lambda: backend, KEYS))) as server:
        yield server.address
    backend.close()


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_every_answer_is_as_the_document_says(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, address: str
) -> None:
    token = KEYS.tokens.create("fuzz", "admin", lifetime=timedelta(hours=1))

    @settings(
        max_examples=MANY, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answered_well(case: Case[Any]) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        case.call_and_validate(base_url=address, headers=headers, checks=CHECKS, timeout=10)

    answered_well()
