"""Defects of headers, as real programs have them."""

from __future__ import annotations

from pytest_saas_validate.mutants import Edit, mutant
from pytest_saas_validate.mutants.asgi import altered, wrap

_SECURITY = (
    "'content-security-policy', 'x-content-type-options', 'x-frame-options', 'referrer-policy', "
    "'cross-origin-resource-policy', 'cross-origin-opener-policy', 'permissions-policy'"
)

ERRORS_BARE = altered(
    "SH001-errors-bare",
    "unhandled errors leave the stack before the headers are set",
    f"if head.status >= 500: head.drop({_SECURITY})",
    fires="SH001",
)
PREFLIGHT_BARE = altered(
    "SH001-preflight-bare",
    "preflights are answered before the headers are set",
    f"if head.method == 'OPTIONS' and head.status < 300: head.drop({_SECURITY})",
    fires={"SH001", "SH023"},
)
DENIAL_BARE = altered(
    "SH001-denial-bare",
    "a refused websocket carries no headers",
    f"if head.scope['type'] == 'websocket': head.drop({_SECURITY})",
    fires="SH001",
)
TOO_LARGE_BARE = altered(
    "SH001-too-large-bare",
    "a body that is too large is refused before the headers are set",
    f"if head.status == 413: head.drop({_SECURITY})",
    fires="SH001",
)
AWAY_BARE = altered(
    "SH001-away-bare",
    "answers for want of a dependency leave before the headers are set",
    f"if head.status == 503: head.drop({_SECURITY})",
    fires="SH001",
)
NOWHERE = altered(
    "SH001-nowhere",
    "two headers are nowhere",
    "head.drop('permissions-policy', 'x-content-type-options')",
    fires={"SH001", "SH013", "SH023"},
)
FRAME_TWICE = altered(
    "SH002-frame-twice",
    "the application and its proxy both deny framing",
    "head.add('x-frame-options', 'DENY')",
    fires="SH002",
)
TRANSPORT_EVERYWHERE = altered(
    "SH002-transport-everywhere",
    "a proxy promises TLS on every answer, again and without TLS too",
    "head.add('strict-transport-security', 'max-age=63072000; includeSubDomains')",
    fires={"SH002", "SH010"},
)
TRANSPORT_MISSING = altered(
    "SH009-missing",
    "the application does not know that it is behind TLS",
    "head.drop('strict-transport-security')",
    fires="SH009",
)
TRANSPORT_SHORT = altered(
    "SH009-short",
    "the promise of TLS holds for an hour, for one host, and asks for the preload list",
    "if head.https: head.put('strict-transport-security', 'max-age=3600; preload')",
    fires={"SH009", "SH010"},
)
TRANSPORT_WEBSOCKET = altered(
    "SH009-websocket",
    "the scheme of a websocket is not taken for TLS",
    "if head.scope['type'] == 'websocket': head.drop('strict-transport-security')",
    fires="SH009",
)
SCHEME_BELIEVED = altered(
    "SH011-scheme-believed",
    "the application reads the scheme from a header that anyone can send",
    """
    if head.asked('x-forwarded-proto') == 'https':
        head.put('strict-transport-security', 'max-age=63072000; includeSubDomains')
    """,
    fires="SH011",
)
HOST_BELIEVED = altered(
    "SH011-host-believed",
    "redirects lead to a host that anyone can name",
    """
    host = head.asked('x-forwarded-host')
    if host and head.get('location'):
        head.put('location', 'http://' + host + head.path.rstrip('/'))
    """,
    fires="SH011",
)
LINK_BELIEVED = altered(
    "SH011-link-believed",
    "the next page is at a host that anyone can name",
    """
    host = head.asked('x-forwarded-host')
    if host and head.status == 200:
        head.put('link', '<https://' + host + '/next>; rel="next"')
    """,
    fires="SH011",
)
OLD_VALUES = altered(
    "SH013-old-values",
    "values of an old guide: misspelt, leaking, open to every site, with a filter that was a hole",
    """
    head.put('x-content-type-options', 'no-sniff')
    head.put('referrer-policy', 'unsafe-url')
    head.put('cross-origin-resource-policy', 'cross-origin')
    head.put('x-xss-protection', '1; mode=block')
    """,
    fires={"SH013", "SH015", "SH016", "SH021"},
)
OLD_SERVER = altered(
    "SH020-old-server",
    "an old server in front: it names itself and sends what browsers dropped",
    """
    head.put('server', 'uvicorn/0.54.0')
    head.put('feature-policy', "camera 'none'")
    head.put('referrer-policy', 'origin')
    head.put('cross-origin-opener-policy', 'unsafe-none')
    """,
    fires={"SH015", "SH016", "SH020", "SH021"},
)
POWERED = altered(
    "SH020-powered-by",
    "errors name the framework",
    "if head.status >= 400: head.put('x-powered-by', 'FastAPI')",
    fires="SH020",
)
PLACE = altered(
    "SH020-place",
    "a balancer tells which machine answered",
    "head.put('x-pod-name', 'backend-7d9f5c'); head.put('x-cache', 'MISS from 10.0.3.7')",
    fires="SH020",
)
DROPPED = altered(
    "SH021-dropped",
    "a header of the last century",
    "head.put('p3p', 'CP=\"none\"')",
    fires="SH021",
)


@mutant("SH011-method-believed", "a header changes the method", fires="SH011", at="project")
def method_believed(edit: Edit) -> None:
    """As a layer for old proxies does."""
    text = """
class Planted(Planted):
    async def __call__(self, scope, receive, send):
        other = dict(scope.get("headers", ())).get(b"x-http-method-override")
        if scope["type"] == "http" and other:
            scope = {**scope, "method": other.decode()}
        await super().__call__(scope, receive, send)
"""
    wrap(edit, more=text)
