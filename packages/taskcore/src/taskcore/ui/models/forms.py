"""What forms ask."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something that a form asks, beyond what every form of its kind has.

    Attributes:
        name: of the value in what is handed on.
        type: "text", "number", "url", "json" (a document, over several lines), or "flag" (yes or no).
        value: what it holds at first.
    """

    name: str
    label: str
    hint: str = ""
    type: str = "text"
    required: bool = False
    value: str = ""
