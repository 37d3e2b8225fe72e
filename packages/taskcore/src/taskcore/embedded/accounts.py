"""As whom PostgreSQL runs: it refuses to be root, so root runs it as somebody without rights.

Nobody is added to the machine and no permission is changed. When the way to the data or to the program is closed to
others, as below /root, the server may pass there, as root could, and is still not root.
"""

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from taskcore.errors import StoreUnavailable

_CAPABILITY = ("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override")


@dataclass(frozen=True, slots=True)
class Account:
    """Put ``prefix`` before a command to run it as this account; empty for the present one."""

    prefix: tuple[str, ...] = ()
    owner: tuple[int, int] | None = None

    def give(self, path: Path) -> None:
        """Make the account own a file or a folder."""
        if self.owner is not None:
            os.chown(path, *self.owner)


def account(data: Path, program: Path) -> Account:
    """The owner of the data when there are some, "nobody" otherwise; the present user unless that is root.

    Raises:
        StoreUnavailable: this system has no ``setpriv``.
    """
    if os.geteuid() != 0:
        return Account()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StoreUnavailable(
            "PostgreSQL does not run as root, and there is no setpriv here (it is in util-linux); "
            "run as another user, or set the URL of a PostgreSQL"
        )
    user, group = _owner(data)
    way = () if _is_open(data) and _is_open(program / "postgres") else _CAPABILITY
    return Account((setpriv, f"--reuid={user}", f"--regid={group}", "--clear-groups", *way, "--"), (user, group))


def _owner(data: Path) -> tuple[int, int]:
    if data.exists():
        present = data.stat()
        return present.st_uid, present.st_gid
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _is_open(path: Path) -> bool:
    """Whether everybody may pass to it."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)
