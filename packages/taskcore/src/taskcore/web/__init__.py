"""What every face's HTTP needs, as pure ASGI middleware and small values; Starlette is all it builds on.

Nothing here knows a route of a face, or a store.
"""

from taskcore.errors import MissingExtra

try:
    from taskcore.web.principals import principal_of, require, require_login
except ModuleNotFoundError as error:
    raise MissingExtra(f"taskcore.web needs {error.name}: pip install 'taskcore[web]'") from error

__all__ = ["principal_of", "require", "require_login"]
