"""Settings that every test of the workspace shares, whichever package it belongs to."""

import pytest

pytest_plugins = ["tests.servers"]

# The contract classes are shipped code: without this their bare asserts would fail without showing any values.
pytest.register_assert_rewrite("taskcore.testing")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio alone: the only event loop that we promise to support."""
    return "asyncio"
