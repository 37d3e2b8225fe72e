"""URLs as they may be shown."""

import pytest
from taskcore.urls import masked, place_of


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:p@ss@host:6379/0", "redis://user:***@host:6379/0"),
        ("redis://user:p%2Fss@host/0", "redis://user:***@host/0"),
        ("rediss://:pw@host", "rediss://:***@host"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("redis://host/0?password=pw&db=1", "redis://host/0?password=***&db=1"),
        ("unix://user:pw@/run/redis.sock", "unix://user:***@/run/redis.sock"),
        ("postgresql://ada@h1:1,h2:2/db?sslmode=require", "postgresql://ada@h1:1,h2:2/db?sslmode=require"),
        ("postgresql:///db?host=/run", "postgresql:///db?host=/run"),
    ],
)
def test_passwords_are_hidden_and_nothing_else(url: str, shown: str) -> None:
    assert shown == masked(url)


@pytest.mark.parametrize(
    "url",
    [
        *(f"redis://user:hun{character}ter@host:6379/0" for character in "/@#?:&="),
        *(f"redis://user:12{character}hunter@host:6379/0" for character in "/@#?:&="),
        *(f"redis://:hun{character}ter/w@host" for character in "/@#?:&="),
        *(f"redis://host:6379/0?password=hun{character}ter" for character in "/@#?:&="),
        "redis://user:hunter",
        "redis://user:hunter/0",
        "redis://user:hunter?db=0",
        "user:hunter@host",
    ],
)
def test_what_is_written_wrong_shows_no_part_of_a_password(url: str) -> None:
    for shown in (masked(url), place_of(url)):
        assert not any(part in shown for part in ("hun", "ter", "12", "/w"))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://ada:p/ss@host:5432/db?sslmode=require", "host:5432/db"),
        ("postgresql://host/db", "host/db"),
        ("postgresql:///db", "/db"),
        ("postgresql://host/db?password=a@b", "***"),
    ],
)
def test_a_place_has_neither_user_nor_options(url: str, place: str) -> None:
    assert place == place_of(url)
