"""Programs that run inside every stack's network, each a single file of the standard library."""

from __future__ import annotations

from pathlib import Path

from pytest_saas_validate.engines import Program

_HERE = Path(__file__).parent

ISSUER = Program(name="issuer", path=_HERE / "issuer.py")
"""Signs the tokens that a test asks for (POST /token)."""

SENTRY = Program(name="sentry", path=_HERE / "sentry_sink.py")
"""Keeps what an error reporter sends (GET and DELETE /captured)."""

LOADER = Program(name="loader", path=_HERE / "loader.py")
"""Sends light load to services (POST /begin and /end)."""
