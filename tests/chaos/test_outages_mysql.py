"""Promise 5 on MySQL, as far as a server that others use as well allows: its connections are cut, ended and lost.

What passes while a server is silent or refuses is the engine's affair, and tried on PostgreSQL and Redis.
"""

import secrets

import pytest

from .places import Place
from .test_outages import (
    test_a_server_that_throws_everybody_out_again_and_again,
    test_workers_whose_connections_are_cut,
    test_workers_whose_connections_lead_nowhere,
)

__all__ = [
    "test_a_server_that_throws_everybody_out_again_and_again",
    "test_workers_whose_connections_are_cut",
    "test_workers_whose_connections_lead_nowhere",
]

pytestmark = [pytest.mark.servers, pytest.mark.timeout(150)]


@pytest.fixture
def place(mysql_url: str) -> Place:
    return Place(mysql_url, f"chaos_{secrets.token_hex(6)}")
