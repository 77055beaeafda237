"""The interactive description of the API, for development only."""

from __future__ import annotations

import base64
import hashlib
import re

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

PATH = "/docs"
OPENAPI = "/openapi.json"


def add_docs(app: FastAPI) -> dict[str, str]:
    """Serve the page; returns its content security policy by path, with the hash of its inline script."""
    page = get_swagger_ui_html(openapi_url=OPENAPI, title=app.title)
    html = bytes(page.body).decode()
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256((script[1] if script else "").encode()).digest()).decode()

    @app.get(PATH, include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(html)

    return {
        PATH: "; ".join(
            (
                "default-src 'none'",
                f"script-src https://cdn.jsdelivr.net 'sha256-{digest}'",
                "style-src https://cdn.jsdelivr.net 'unsafe-inline'",
                "img-src data: https://fastapi.tiangolo.com",
                "connect-src 'self'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "form-action 'none'",
            )
        )
    }
