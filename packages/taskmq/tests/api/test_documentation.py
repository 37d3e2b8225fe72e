"""The documentation: open to all, out of this package alone, and true."""

import pytest
from starlette.testclient import TestClient

PAGES = {
    "/docs": ("swagger-ui-bundle.js", "swagger-ui.css", "swagger.js"),
    "/redoc": ("redoc.standalone.js", "redoc.js"),
}

pytestmark = pytest.mark.stores("sqlite")


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_open_and_run_no_scripts_but_their_own(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert 200 == answer.status_code
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "http" not in policy
    assert "http" not in answer.text
    for name in PAGES[path]:
        (address,) = (each for each in answer.text.split('"') if each.endswith(f"/{name}"))
        assert 200 == client.get(address).status_code


def test_nothing_else_of_the_package_is_served(client: TestClient) -> None:
    assert [404, 404] == [
        client.get(f"/docs/static/x/{name}").status_code for name in ("vendor/VENDOR.toml", "..%2Fdocumentation.py")
    ]


def test_the_document_has_the_published_operations_and_every_status(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    operations = {each["operationId"]: each for path in paths.values() for each in path.values()}

    assert {
        "login_login_post",
        "add_job_add_job_post",
        "cancel_job_cancel_post",
        "retry_job_retry_post",
        "get_job_job__job_id__get",
        "health_health_get",
    } <= operations.keys()
    assert [{"CustomHTTPBearer": []}] == operations["add_job_add_job_post"]["security"]
    assert "security" not in operations["health_health_get"]
    for name, operation in operations.items():
        assert {"503"} <= operation["responses"].keys(), name
        if "security" in operation:
            assert {"401", "403"} <= operation["responses"].keys(), name
