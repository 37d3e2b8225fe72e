"""Instants, durations, sizes and ids as people read them."""

from datetime import datetime, timedelta

NOTHING = "—"
_STEPS = ((60.0, 1.0, "s"), (3600.0, 60.0, "min"), (86_400.0, 3600.0, "h"), (float("inf"), 86_400.0, "d"))


def duration(value: timedelta | float | None) -> str:
    """As in "590 ms", "41.2 s", "3 min 12 s", "2 h 5 min", "3 d 4 h"."""
    if value is None:
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for above, unit, name, below in ((3600, 60, "min", "s"), (86_400, 3600, "h", "min")):
        if whole < above:
            return _two(whole // unit, name, whole % unit * 60 // unit, below)
    return _two(whole // 86_400, "d", whole % 86_400 // 3600, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def distance(at: datetime, now: datetime) -> str:
    """As in "3 min ago", "in 2 h", "just now"; the script ``time.js`` says the same."""
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    if size < 1:
        return "just now"
    for below, unit, name in _STEPS:
        if size < below:
            text = f"{int(size // unit)} {name}"
            break
    return f"{text} ago" if seconds > 0 else f"in {text}"


def absolute(at: datetime) -> str:
    """As in "2026-11-21 22:30:58 UTC"; the source gives instants in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def exact(at: datetime) -> str:
    """With milliseconds, for the tooltip."""
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC"


def size(value: int | None) -> str:
    """Bytes, as in "512 B", "1.5 KB", "20 MB"."""
    if value is None:
        return NOTHING
    amount = float(value)
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"


def short_id(value: str) -> str:
    """The last 8 characters: the first ones of a UUIDv7 are its time and look equal."""
    return value if len(value) <= 12 else value[-8:]


def number(value: int | float | None) -> str:
    """With commas, as in "12,431"."""
    return NOTHING if value is None else f"{value:,}"


def plural(count: int, one: str, many: str = "") -> str:
    """As in "1 task", "2 tasks", "1,200 tasks"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def percent(value: float | None) -> str:
    """A share of 1, as in "99.2 %"."""
    return NOTHING if value is None else f"{value * 100:.1f} %"


def progress(value: float) -> str:
    """A share of 1 in whole percent, never beyond it, as in "40 %"; handlers report whatever they count."""
    return NOTHING if value != value else f"{round(min(max(value, 0.0), 1.0) * 100)} %"


_BROWSERS = ("Firefox", "Edg", "OPR", "Chrome", "Safari", "curl", "python")
_SYSTEMS = ("Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux")


def browser(agent: str) -> str:
    """What a browser calls itself, in short, as in "Firefox on Linux"; browsers also name those that they resemble, so
    the first that fits counts."""
    name = next((each for each in _BROWSERS if each in agent), "")
    system = next((each for each in _SYSTEMS if each in agent), "")
    name = {"Edg": "Edge", "OPR": "Opera", "python": "Python"}.get(name, name)
    return " on ".join(filter(None, (name, system))) or agent[:40] or "Unknown browser"
