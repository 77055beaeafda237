"""The page of the catalogue is what the checks say, and every check says enough."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_saas_validate.catalogue_page import page
from pytest_saas_validate.checks import catalogue

FILE = Path(__file__).parent.parent.parent / "docs" / "catalogue.md"


def test_the_page_is_not_stale() -> None:
    """`make docs` makes it anew."""
    assert FILE.read_text(encoding="utf-8") == page()


def test_every_check_says_what_it_looks_at_why_how_to_mend_and_what_proves_it() -> None:
    parts = re.split(r"^### (?=[A-Z]{2}\d{3} )", page(), flags=re.MULTILINE)[1:]
    assert [part.split()[0] for part in parts] == [check.id for check in catalogue()]
    for part in parts:
        for name in ("Looks at", "Why", "Fix", "Proved by"):
            assert re.search(rf"^- \*\*{name}:\*\* \S", part, re.MULTILINE), part
