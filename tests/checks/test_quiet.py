"""Warnings of others stay quiet, whatever other threads do."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

from pytest_saas_validate.evidence.quiet import quiet


def test_filters_are_as_before_whatever_other_threads_do() -> None:
    before = list(warnings.filters)

    def noisy(number: int) -> None:
        with quiet():
            warnings.warn(f"warning {number}", SyntaxWarning, stacklevel=1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(noisy, range(400)))
    assert list(warnings.filters) == before
