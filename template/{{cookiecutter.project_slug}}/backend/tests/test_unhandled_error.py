"""What an error that nobody expected leaves behind."""

from __future__ import annotations

from app.config import Settings
from app.main import create_app
from tests.support import application, serving


async def test_a_proxy_is_told_that_the_connection_ends(settings: Settings) -> None:
    app = create_app(settings)

    @application(app).get("/broken")
    async def broken() -> None:
        raise RuntimeError("nobody expected this")

    async with serving(app) as client:
        failed = await client.get("/broken")
        refused = await client.get("/nowhere")

    assert failed.status_code == 500
    assert failed.headers["connection"] == "close"
    assert "connection" not in refused.headers
