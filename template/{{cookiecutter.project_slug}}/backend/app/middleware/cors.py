"""Which pages may read the answers."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response


class ExplicitCORSMiddleware(CORSMiddleware):
    """Starlette's layer, except that a refused preflight names no origin at all."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer the browser's question; 400 says no."""
        response = super().preflight_response(request_headers)
        if response.status_code != 200 and "access-control-allow-origin" in response.headers:
            del response.headers["access-control-allow-origin"]
        return response
