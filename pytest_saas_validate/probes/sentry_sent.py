"""The generic app as one text for `python -`, and what it says back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pytest_saas_validate.engines import Stack
from pytest_saas_validate.probes import ProbeError

_MODULES = tuple(
    path.stem
    for path in sorted((Path(__file__).parent / "sentry_app").glob("*.py"))
    if path.stem not in ("__init__", "bootstrap")
)


@cache
def program() -> bytes:
    """Everything in one text: the bootstrap, then the modules as data."""
    folder = Path(__file__).parent / "sentry_app"
    texts = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in _MODULES}
    bootstrap = (folder / "bootstrap.py").read_text(encoding="utf-8")
    return f"{bootstrap}\nimport json\nrun(json.loads({json.dumps(json.dumps(texts))}))\n".encode()


def perform(stack: Stack, environment: Mapping[str, str], runs: tuple[str, ...]) -> dict[str, Any]:
    """Run the app in the backend's environment: the result of each run; raises ProbeError."""
    mark = f"saas-{secrets.token_hex(8)}:"
    told = {**environment, "SAAS_MARK": mark, "SAAS_RUNS": ",".join(runs)}
    ended = stack.exec("backend", "python", "-", stdin=program(), environment=told, timeout=120)
    said = next((line for line in ended.text.splitlines() if line.startswith(mark)), None)
    if said is None:
        raise ProbeError(f"the canary app did not finish: {ended.explain()}")
    results: dict[str, Any] = json.loads(said.removeprefix(mark))
    for name, result in results.items():
        if "error" in result:
            raise ProbeError(f"the {name} run of the canary app broke: {result['error'].strip()[-2000:]}")
    return results
