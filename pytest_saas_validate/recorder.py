"""A client for tests of one's own, that keeps what checks judge."""

from __future__ import annotations

import httpx

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.evidence.http import Exchange, Exchanges, Kind, clean
from pytest_saas_validate.probes.client import way_in


class Recorder(httpx.Client):
    """An httpx client of a stack's backend; no redirect is followed and no proxy of the machine is used."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(
            base_url=stack.url(way_in(stack)),
            trust_env=False,
            timeout=10,
            event_hooks={"response": [self._keep]},
        )
        self._kept: list[Exchange] = []

    @property
    def exchanges(self) -> Exchanges:
        """Everything that was answered so far, as evidence."""
        return Exchanges(exchanges=tuple(self._kept))

    def _keep(self, answer: httpx.Response) -> None:
        asked = answer.request
        self._kept.append(
            Exchange(
                kind=Kind.OTHER,
                scheme=asked.url.scheme,
                method=asked.method,
                path=asked.url.raw_path.decode(),
                status=answer.status_code,
                headers=clean(answer.headers.multi_items()),
                private="authorization" in asked.headers,
                origin=asked.headers.get("origin", ""),
            )
        )
