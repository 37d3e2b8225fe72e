"""Where webhooks may go."""

from ipaddress import ip_address

import pytest
from lapinq.orders import Order
from lapinq.webhooks.addresses import Refused, check_literal, is_public, resolve
from taskcore.errors import InvalidInput

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1",
        "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "fe80::1", "fec0::1", "fc00::1",
        "fd00:ec2::254",
        "ff02::1", "ff0e::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001:0:1:2::80ff:fffe",
    ],
)  # fmt: skip
def test_addresses_of_machines_nearby_are_not(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://2130706433/",
        "http://017700000001/", "http://[::1]:8080/", "http://[::ffff:7f00:1]/", "http://[fe80::1%25eth0]/",
        "http://localhost/", "http://LOCALHOST./", "http://a.localhost/", "http://169.254.169.254/latest/meta-data",
        "http://metadata.google.internal/", "https://10.0.0.1:9999/x", "http://0/",
    ],
)  # fmt: skip
def test_a_host_that_spells_out_a_private_address_is_refused_without_a_look_up(url: str) -> None:
    with pytest.raises(Refused, match="must not lead to"):
        check_literal(url)


def test_a_name_is_not_judged_before_it_is_looked_up() -> None:
    check_literal("https://example.com:8443/hook?token=1")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
async def test_a_name_is_judged_by_its_addresses(host: str) -> None:
    with pytest.raises(Refused, match="to which webhooks must not go"):
        await resolve(host, 80)
    assert {"127.0.0.1", "::1"} >= set(await resolve(host, 80, allow_private=True)) != set()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://user:secret@example.com/", "must not hold a user name or a password"),
        ("http://@example.com/", "must not hold a user name or a password"),
        ("gopher://example.com/", "must be an http or https URL"),
        ("http://example.com:0/", "must be an http or https URL"),
        ("http://example.com:99999/", "must be an http or https URL"),
        ("http://exa mple.com/", "must be an http or https URL"),
        ("http://example.com/\r\nX-Evil: 1", "must be an http or https URL"),
    ],
)
def test_what_is_no_plain_url_of_the_web_is_refused_and_not_repeated(url: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as refused:
        Order.from_json({"task_name": "a", "module_path": "m", "webhook_url": url})
    assert "secret" not in str(refused.value)
