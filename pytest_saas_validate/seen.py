"""pytest as the command runs it, and what that run reported."""

from __future__ import annotations

import gc
from collections.abc import Sequence

from pytest_saas_validate.findings import Verdict
from pytest_saas_validate.report import Report
from pytest_saas_validate.report.kills import Kill


class Seen:
    """A pytest plugin that keeps what the run reports."""

    verdicts: Sequence[Verdict] = ()
    kills: Sequence[Kill] = ()

    def pytest_saas_report(self, report: Report) -> None:
        """What was decided."""
        self.verdicts = report.verdicts

    def pytest_saas_kills(self, kills: Sequence[Kill]) -> None:
        """What became of the mutants."""
        self.kills = kills


def run_pytest(words: Sequence[str]) -> tuple[int, Seen]:
    """Its exit code, and what it reported."""
    import pytest

    gc.freeze()  # modules live as long as the process: a tenth of a short run went into looking for others
    seen = Seen()
    return int(pytest.main(list(words), plugins=[seen])), seen
