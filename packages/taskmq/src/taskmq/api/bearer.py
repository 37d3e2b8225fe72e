"""Bearer tokens for routes that programs add to the application of ``taskmq.api_server``, or have in their own."""

from fastapi import HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

UNAUTHORIZED = "Invalid or missing token"
FORBIDDEN = "Insufficient permissions"
CHALLENGE = {"WWW-Authenticate": "Bearer"}


class CustomHTTPBearer(HTTPBearer):
    """Answers 401, and says how to authenticate, where a request shows no bearer token."""

    async def __call__(self, request: HTTPConnection) -> HTTPAuthorizationCredentials:
        """The token of a request, whoever made it.

        Raises:
            HTTPException: 401, there is none.
        """
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise HTTPException(401, UNAUTHORIZED, headers=CHALLENGE)
        return HTTPAuthorizationCredentials(scheme=scheme, credentials=token.strip())


security = CustomHTTPBearer(bearerFormat="JWT")
