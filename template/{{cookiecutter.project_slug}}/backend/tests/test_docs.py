"""The interactive description works under its own policy, and exists in development only."""

from __future__ import annotations

import base64
import hashlib
import re

import httpx
import pytest

from tests.support import NewSettings, served

SOURCE = re.compile(r'(?:src|href)="(https?://[^/"]+)')


async def test_the_page_loads_what_its_policy_allows(new_settings: NewSettings) -> None:
    async with served(new_settings(environment="development")) as client:
        page = await client.get("/docs")
        description = await client.get("/openapi.json")

    (policy,) = page.headers.get_list("content-security-policy")
    inline = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()

    assert len(inline) == 1
    assert f"'sha256-{digest}'" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert set(SOURCE.findall(page.text)) <= set(re.findall(r"https://[^ ;]+", policy))
    assert "/api/v1/todos" in description.json()["paths"]


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
async def test_there_is_no_description_in_production(path: str, client: httpx.AsyncClient) -> None:
    assert (await client.get(path)).status_code == 404
