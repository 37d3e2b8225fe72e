"""What clients send where there is much to choose from."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A field that is not known is refused, never passed over: whoever misspells one would get something else than they
    asked for, and not hear of it."""

    model_config = ConfigDict(extra="forbid")
