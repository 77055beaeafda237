"""The sink of a stack, and who the backend is told to report to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.probes import ProbeError, Unavailable
from pytest_saas_validate.probes.client import TIMEOUT, nobody
from pytest_saas_validate.probes.sentry_envelopes import Envelope, read
from pytest_saas_validate.spec import Backend

if TYPE_CHECKING:
    import httpx

_WAIT = 10.0  # seconds for a report to arrive
_SETTLE = 0.2  # seconds for what belongs to it


@dataclass(frozen=True)
class Sink:
    """What receives the reports of a stack."""

    url: str

    @classmethod
    def of(cls, stack: Stack) -> Sink:
        """The attached program; raises Unavailable where others started the servers, ProbeError for none."""
        if not stack.owned:
            raise Unavailable(
                f"engine {stack.engine}: nothing can be run beside servers that others started; use local"
            )
        try:
            return cls(stack.url("sentry"))
        except KeyError:
            raise ProbeError(
                "no program `sentry` is attached to the stack, so no report can be seen"
            ) from None

    def clear(self) -> None:
        """Forget what arrived so far."""
        self._ask("DELETE", "/captured")

    def envelopes(self) -> tuple[Envelope, ...]:
        """What arrived so far."""
        return read(self._ask("GET", "/captured").json())

    def wait(self, enough: Callable[[tuple[Envelope, ...]], bool]) -> tuple[Envelope, ...]:
        """What arrived once it is enough, or after some seconds."""
        end = time.monotonic() + _WAIT
        while True:
            if enough(self.envelopes()) or time.monotonic() > end:
                time.sleep(_SETTLE)
                return self.envelopes()
            time.sleep(0.05)

    def knock(self) -> None:
        """Prove that the sink is awake: send one envelope, see it, forget it; raises ProbeError."""
        self._ask("POST", "/api/1/envelope/", b'{}\n{"type":"client_report"}\n{}\n')
        if not self.wait(bool):
            raise ProbeError("the sink does not show what is sent to it, so its silence proves nothing")
        self.clear()

    def _ask(self, method: str, path: str, content: bytes = b"") -> httpx.Response:
        import httpx

        url = f"{self.url}{path}"
        try:
            answer = httpx.request(
                method, url, content=content, timeout=TIMEOUT, trust_env=False, verify=nobody()
            )
        except httpx.HTTPError as problem:
            raise ProbeError(f"the sink: {method} {url}: {type(problem).__name__}: {problem}") from None
        if answer.status_code != 200:
            raise ProbeError(f"the sink: {method} {url} answered {answer.status_code}")
        return answer


def dsn_name(backend: Backend) -> str:
    """The variable that tells the backend where to report to."""
    named = (name for name, value in backend.environment.items() if "${sentry_dsn}" in value)
    return next(named, "SENTRY_DSN")
