"""Defects of the content security policy and of framing."""

from __future__ import annotations

from pytest_saas_validate.mutants.asgi import altered

_PARTS = """
parts = [part.strip() for part in head.get('content-security-policy').split(';')]
def without(*names):
    return [part for part in parts if part.split()[:1] not in [[name] for name in names]]
def send(parts):
    head.put('content-security-policy', '; '.join(part for part in parts if part))
"""

REPORT_ONLY = altered(
    "SH003-report-only",
    "the policy only reports",
    """
    policy = head.get('content-security-policy')
    head.drop('content-security-policy')
    head.add('content-security-policy-report-only', policy)
    """,
    fires={"SH001", "SH003", "SH023"},
)
ERRORS_REPORT_ONLY = altered(
    "SH003-errors-report-only",
    "the policy of errors only reports",
    """
    if head.status == 404:
        head.add('content-security-policy-report-only', head.get('content-security-policy'))
        head.drop('content-security-policy')
    """,
    fires={"SH001", "SH003"},
)
INLINE = altered(
    "SH004-inline",
    "inline scripts run, and an injected base address is followed",
    _PARTS + "send([*without('script-src', 'base-uri'), \"script-src 'self' 'unsafe-inline'\"])",
    fires={"SH004", "SH006"},
)
DATA = altered(
    "SH004-data",
    "scripts from data addresses run, by way of default-src, and forms may send anywhere",
    _PARTS
    + """
kept = without('default-src', 'script-src', 'form-action')
send(["default-src 'self' data:", 'form-action *', *kept])
""",
    fires={"SH004", "SH006"},
)
SUBDOMAINS = altered(
    "SH004-subdomains",
    "scripts come from whatever host of a delivery network",
    _PARTS + "send([*without('script-src'), \"script-src 'self' https://*.cdn.invalid\"])",
    fires="SH004",
)
WORKERS = altered(
    "SH004-workers",
    "workers run what a page wrote",
    _PARTS + "send([*without('worker-src'), 'worker-src blob:'])",
    fires="SH004",
)
SAME_ORIGIN = altered(
    "SH014-sameorigin",
    "the two framing headers disagree",
    "head.put('x-frame-options', 'SAMEORIGIN')",
    fires="SH014",
)
ANCESTORS = altered(
    "SH014-ancestors-self",
    "newer browsers allow framing, older ones deny it",
    _PARTS + "send([*without('frame-ancestors'), \"frame-ancestors 'self'\"])",
    fires="SH014",
)
