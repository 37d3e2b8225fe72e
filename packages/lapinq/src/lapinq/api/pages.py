"""The pages for people. So far there is the form to log in with."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_LOGIN = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Lapinq - Sign in</title></head>
<body>
<h1>Lapinq</h1>
<p>Sign in to the dashboard</p>
{error}<form method="post" action="{action}">
<p><label>Username <input id="username" name="username" autocomplete="username" required autofocus></label></p>
<p><label>Password <input id="password" name="password" type="password" autocomplete="current-password"
 required></label></p>
<p><button>Sign In</button></p>
</form>
</body>
</html>
"""


def login(request: Request, error: str = "", status: int = 200) -> Response:
    """The form, and what was wrong with the last one."""
    told = f'<p role="alert">{escape(error)}</p>\n' if error else ""
    page = _LOGIN.replace("{error}", told).replace("{action}", escape(address(request, "/login")))
    return HTMLResponse(page, status)


def address(request: Request, path: str) -> str:
    """Of a page, wherever the application is mounted."""
    return f"{request.scope.get('root_path', '').rstrip('/')}{path}"
