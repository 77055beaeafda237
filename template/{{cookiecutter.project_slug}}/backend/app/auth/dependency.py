"""Authentication as a dependency of routes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.auth.keys import KeysUnavailableError
from app.auth.tokens import InvalidTokenError, Principal, TokenVerifier
from app.tenancy import current_tenant

logger = logging.getLogger(__name__)
bearer = HTTPBearer(auto_error=False)


async def authenticate(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> AsyncIterator[Principal]:
    """Yield who asks; until the request ends, every transaction sees this tenant's rows only."""
    if credentials is None:
        raise HTTPException(401, "A bearer token is required", headers={"WWW-Authenticate": "Bearer"})
    verifier: TokenVerifier = request.app.state.verifier
    try:
        principal = await verifier.verify(credentials.credentials)
    except InvalidTokenError as error:
        logger.info("token refused", extra={"reason": str(error)})
        challenge = 'Bearer error="invalid_token"'
        raise HTTPException(401, "The token is not valid", headers={"WWW-Authenticate": challenge}) from None
    except KeysUnavailableError:
        raise HTTPException(503, "Tokens cannot be checked now", headers={"Retry-After": "5"}) from None
    request.state.tenant_id = principal.tenant_id
    request.state.subject = principal.subject
    token = current_tenant.set(principal.tenant_id)
    try:
        yield principal
    finally:
        current_tenant.reset(token)


Authenticated = Annotated[Principal, Depends(authenticate)]
