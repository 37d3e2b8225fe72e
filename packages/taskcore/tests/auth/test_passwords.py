"""Passwords: what is accepted, what is upgraded, and what nobody can tell apart."""

import hashlib
from base64 import b64encode
from collections.abc import Iterator

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from taskcore.auth.passwords import MAX_BYTES, Passwords
from taskcore.errors import WeakSecret

# By hand from the description of the format: the salt's hexadecimal text is itself the salt.
SALT = "00112233445566778899aabbccddeeff"
EARLIER = f"pbkdf2:sha256:600000:{SALT}:" + b64encode(
    hashlib.pbkdf2_hmac("sha256", b"lapinq", SALT.encode("ascii"), 600_000)
).decode("ascii")


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(hasher=Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1))
    yield passwords
    passwords.close()


async def test_a_hash_fits_its_own_password_alone_and_never_repeats(passwords: Passwords) -> None:
    first, second = await passwords.hash("correct horse"), await passwords.hash("correct horse")

    assert first.startswith("$argon2id$")
    assert first != second
    assert (True, None) == await passwords.verify("correct horse", first)
    assert (False, None) == await passwords.verify("Correct horse", first)


async def test_a_hash_of_an_earlier_release_is_verified_and_replaced(passwords: Passwords) -> None:
    good, replacement = await passwords.verify("lapinq", EARLIER)

    assert good
    assert replacement is not None
    assert replacement.startswith("$argon2id$")
    assert (True, None) == await passwords.verify("lapinq", replacement)
    assert (False, None) == await passwords.verify("lapinQ", EARLIER)


async def test_a_hash_with_other_parameters_is_replaced(passwords: Passwords) -> None:
    stronger = Passwords(hasher=Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1))
    stored = await passwords.hash("correct horse")

    good, replacement = await stronger.verify("correct horse", stored)
    stronger.close()

    assert good
    assert replacement is not None
    assert "m=16,t=2" in replacement


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        "secret",
        "pbkdf2:sha256:",
        f"pbkdf2:sha256:0:{SALT}:AAAA",
        f"pbkdf2:sha256:99999999999:{SALT}:AAAA",
        f"pbkdf2:sha256:1000:{SALT}:",
        f"pbkdf2:sha256:1000:{SALT}:not base64",
        f"pbkdf2:sha256:ten:{SALT}:AAAA",
        "pbkdf2:sha256:1000:ß:AAAA",
        "$argon2id$v=19$m=8,t=1,p=1$damaged",
    ],
)
async def test_a_missing_or_damaged_hash_fits_nobody(passwords: Passwords, stored: str | None) -> None:
    for password in ("", "secret", "AAAA"):
        assert (False, None) == await passwords.verify(password, stored)


@pytest.mark.parametrize("password", ["", "a\0b", "x" * MAX_BYTES, "x" * (MAX_BYTES + 1), "\ud800", "ä" * 800])
async def test_any_text_may_be_tried(passwords: Passwords, password: str) -> None:
    stored = await passwords.hash("correct horse")

    assert (False, None) == await passwords.verify(password, stored)


async def test_what_is_too_long_is_not_the_empty_password(passwords: Passwords) -> None:
    stored = await passwords.hash("")

    assert (False, None) == await passwords.verify("x" * (MAX_BYTES + 1), stored)


@pytest.mark.parametrize("password", ["", "seven77", "x" * (MAX_BYTES + 1), "ä" * 800, "eight888\ud800"])
def test_a_bad_choice_is_refused_without_repeating_it(passwords: Passwords, password: str) -> None:
    with pytest.raises(WeakSecret) as raised:
        passwords.check(password)

    assert not password or password not in str(raised.value)


async def test_an_unknown_user_takes_as_much_hashing_as_a_known_one() -> None:
    """Counted rather than timed: one verification each, by the same hasher."""
    counting = Counting(time_cost=1, memory_cost=8, parallelism=1)
    passwords = Passwords(hasher=counting)
    stored = await passwords.hash("correct horse")
    await passwords.verify("first", None)  # hashes nobody's password, once
    counting.verified = 0

    for known in (stored, None, "", "by hand"):
        await passwords.verify("wrong", known)
    passwords.close()

    assert 4 == counting.verified


class Counting(Argon2Hasher):
    verified = 0

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - as the library named it
        self.verified += 1
        return super().verify(password, hash)
