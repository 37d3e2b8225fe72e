"""What a reader chose for their own browser; kept in a cookie, so that the server draws the page right at once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Self
from urllib.parse import parse_qs, urlencode

COOKIE = "tc_preferences"
MAX_AGE = 365 * 24 * 3600
CHOICES: Mapping[str, tuple[str, ...]] = {
    "theme": ("auto", "light", "dark", "contrast"),
    "density": ("comfortable", "compact"),
    "times": ("relative", "absolute"),
    "zone": ("utc", "local"),
    "shortcuts": ("on", "off"),
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """One word per choice, always one of ``CHOICES``."""

    theme: str = "auto"
    density: str = "comfortable"
    times: str = "relative"
    zone: str = "utc"
    shortcuts: str = "on"

    @classmethod
    def load(cls, cookie: str | None) -> Self:
        """What a cookie says; what it says wrongly, or not at all, is as nobody had chosen."""
        return cls().changed({name: values[-1] for name, values in parse_qs(cookie or "").items()})

    def changed(self, values: Mapping[str, str]) -> Self:
        """With those of ``values`` that are choices."""
        return replace(self, **{name: value for name, value in values.items() if value in CHOICES.get(name, ())})

    def dump(self) -> str:
        return urlencode(asdict(self))
