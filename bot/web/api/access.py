"""Who may use what is under `/admin`: whoever brings a token that is good for it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from bot.models.api_tokens import TokenRecord
from bot.store.api_tokens import token_of
from bot.web.edges import Edges

_bearer = HTTPBearer(auto_error=False, description="A token that `bot tokens add` makes.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]

_REALM = 'Bearer realm="admin"'


def _reader(edges: Edges, credentials: Credentials) -> TokenRecord:
    if credentials is None:
        raise HTTPException(401, "bring a token: Authorization: Bearer …", {"WWW-Authenticate": _REALM})
    token = token_of(edges.store, credentials.credentials, edges.clock())
    if token is None:
        wrong = {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
        raise HTTPException(401, "this token opens nothing; it may have ended, or been revoked", wrong)
    return token


#: An endpoint's argument of this type is the token that it was asked with.
Reader = Annotated[TokenRecord, Depends(_reader)]


def _writer(token: Reader) -> TokenRecord:
    if not token.may_write():
        less = {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="write"'}
        raise HTTPException(403, "this token may read, and change nothing", less)
    return token


#: The same, of one that may change something.
Writer = Annotated[TokenRecord, Depends(_writer)]
