"""What counts as one address."""

import pytest
from taskcore.ratelimit import address_key


@pytest.mark.parametrize(
    ("peer", "key"),
    [
        pytest.param("203.0.113.7", "ip:203.0.113.7", id="IPv4 is itself"),
        pytest.param("::ffff:203.0.113.7", "ip:203.0.113.7", id="IPv4 in IPv6 is IPv4"),
        pytest.param("2001:db8:1:2:3:4:5:6", "ip:2001:db8:1:2::/64", id="IPv6 is its network"),
        pytest.param("[2001:db8:1:2::9]", "ip:2001:db8:1:2::/64", id="brackets do not matter"),
        pytest.param("fe80::1%eth0", "ip:fe80::/64", id="a zone does not matter"),
        pytest.param("testclient", "ip:testclient", id="a name is itself"),
        pytest.param("", "ip:unknown", id="nobody"),
        pytest.param(None, "ip:unknown", id="none"),
    ],
)
def test_an_address_is_counted_under(peer: str | None, key: str) -> None:
    assert key == address_key(peer)


def test_a_long_name_is_cut() -> None:
    assert len(address_key("x" * 10_000)) < 200
