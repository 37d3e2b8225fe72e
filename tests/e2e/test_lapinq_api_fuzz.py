"""Whatever the API's own document allows to be sent, and some that it does not: no 5xx, no status that is not in the
document, and every answer as the document describes it.

``FUZZ_EXAMPLES`` makes it longer: so many requests for each of the operations.
"""

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from lapinq.api.openapi.document import document
from lapinq.server import create_app
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests import servers
from tests.browser.serving import served

MANY = int(os.environ.get("FUZZ_EXAMPLES", "2"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_dict(document("/api/v1")).get_all_operations()
    if isinstance(found, Ok)
]
TAKES_NOTHING = {
    *("GET /health", "GET /metrics", "GET /me", "GET /api/v1/queues", "GET /api/v1/schedules"),
    *("GET /api/v1/webhooks/endpoints", "GET /api/v1/webhooks/secrets"),
}
CASES = [
    pytest.param(operation, mode, id=f"{operation.label}, {mode}")
    for operation in OPERATIONS
    for mode in GenerationMode
    if mode.is_positive or operation.label not in TAKES_NOTHING
]


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    name = servers.fresh_name()
    servers.sql_in_postgres(postgres_url, f"CREATE DATABASE {name}")
    yield urlsplit(postgres_url)._replace(path=f"/{name}").geturl()
    servers.sql_in_postgres(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def address(database: str) -> Iterator[str]:
    """Of a server that has some tasks."""
    with served(create_app(database)) as server:
        one = {"module_path": "mytasks", "task_name": "t"}
        batch = [{**one, "queue_name": "mail" if n % 2 else "default", "args": [n]} for n in range(12)]
        assert 201 == httpx.post(f"{server.address}/api/v1/enqueue/batch", json=batch, timeout=60).status_code
        yield server.address


@pytest.fixture(scope="module")
def session(address: str) -> str:
    """The cookie of an admin."""
    answer = httpx.post(f"{address}/login", json={"username": "lapinq", "password": "lapinq"}, timeout=60)
    return answer.cookies["lapinq_session"]


@pytest.mark.parametrize(("operation", "mode"), CASES)
def test_every_answer_is_as_the_document_says(
    operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, address: str, session: str
) -> None:
    @settings(
        max_examples=MANY, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answered_well(case: Case[Any]) -> None:
        headers = {"Cookie": f"lapinq_session={session}", "Accept": "application/json"}  # pages share an address
        case.call_and_validate(base_url=address, headers=headers, checks=CHECKS, timeout=10)

    answered_well()
