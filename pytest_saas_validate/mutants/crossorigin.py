"""Defects of CORS."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, Mutant, mutant
from pytest_saas_validate.mutants.asgi import altered, wrap

REFLECTED = altered(
    "SH022-reflected",
    "every origin is sent back, with credentials",
    """
    if head.asked('origin'):
        head.put('access-control-allow-origin', head.asked('origin'))
        head.put('access-control-allow-credentials', 'true')
    """,
    fires={"SH022", "SH023"},
)
LOOK_ALIKE = altered(
    "SH022-look-alike",
    "origins that begin like the allowed one pass, and null, which every sandboxed page has",
    """
    origin = head.asked('origin')
    if head.method != 'OPTIONS' and (origin == 'null' or origin.endswith('.stranger.invalid')):
        head.put('access-control-allow-origin', origin)
    """,
    fires="SH022",
)
WILDCARD = altered(
    "SH022-wildcard",
    "every origin passes, with credentials",
    """
    if head.asked('origin') and head.method != 'OPTIONS':
        head.put('access-control-allow-origin', '*')
        head.put('access-control-allow-credentials', 'true')
    """,
    fires="SH022",
)
ERROR_UNREADABLE = altered(
    "SH023-error-unreadable",
    "errors leave the stack before CORS sees them",
    "if head.status >= 500: head.drop('access-control-allow-origin')",
    fires="SH023",
)
REFUSAL_ALLOWS = altered(
    "SH023-refusal-allows",
    "a refused preflight names an origin all the same",
    "if head.method == 'OPTIONS' and head.status >= 400: head.put('access-control-allow-origin', '*')",
    fires="SH023",
)
EVERYONE = altered(
    "SH022-everyone",
    "every origin may read private answers",
    "if head.asked('origin') and head.method != 'OPTIONS': head.put('access-control-allow-origin', '*')",
    fires="SH022",
)
ANOTHER = altered(
    "SH022-another",
    "another origin than the listed one is named",
    """
    if head.asked('origin') == 'null' and head.method != 'OPTIONS':
        head.put('access-control-allow-origin', 'https://old.invalid')
    """,
    fires="SH022",
)
TOO_LARGE_UNREADABLE = altered(
    "SH023-too-large-unreadable",
    "a body that is too large is refused before CORS sees it",
    "if head.status == 413: head.drop('access-control-allow-origin')",
    fires="SH023",
)
AWAY_UNREADABLE = altered(
    "SH023-away-unreadable",
    "answers for want of a dependency leave before CORS sees them",
    "if head.status == 503: head.drop('access-control-allow-origin')",
    fires="SH023",
)
METHODS = altered(
    "SH023-methods",
    "a page may read and create, but not change and delete",
    "if head.method == 'OPTIONS' and head.status < 300: head.put('access-control-allow-methods', 'GET')",
    fires="SH023",
)
NAMES = altered(
    "SH023-names",
    "a page may not send JSON",
    """
    if head.method == 'OPTIONS' and head.status < 300:
        head.put('access-control-allow-headers', 'Authorization')
    """,
    fires="SH023",
)


def _compared(id: str, title: str, comparison: str) -> Mutant:
    """A mutant that takes more for the allowed origin than it is."""
    change = f"""
import re
from urllib.parse import urlsplit
origin, allowed = head.asked('origin'), os.environ['PLANTED_ORIGIN']
if head.method != 'OPTIONS' and origin and ({comparison}):
    head.put('access-control-allow-origin', origin)
"""

    def plant(edit: Edit) -> None:
        wrap(edit, change=change, environment={"PLANTED_ORIGIN": "${origin}"})

    return mutant(id, title, fires="SH022", at="project")(plant)


EXPRESSION = _compared(
    "SH022-expression", "the list is read as a regular expression", "re.fullmatch(allowed, origin)"
)
ANY_PORT = _compared("SH022-port", "every port passes", "origin.startswith(allowed.rstrip('/') + ':')")
ANY_CASE = _compared("SH022-case", "capitals pass", "origin.lower() == allowed")
BELOW = _compared("SH022-below", "every host below passes", "origin.endswith('.' + urlsplit(allowed).netloc)")
INSIDE = _compared("SH022-inside", "an address that holds the allowed one passes", "allowed in origin")
LEFT_OVER = _compared("SH022-left-over", "the developer's own page passes", "'//localhost' in origin")
