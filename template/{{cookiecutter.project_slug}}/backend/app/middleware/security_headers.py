"""Security headers on every answer, whoever gives it.

The class wraps the finished application. `add_middleware` would put it inside of the layer that answers an
unhandled error, and that answer would go out bare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

Pairs = tuple[tuple[bytes, bytes], ...]

NO_STORE = (b"cache-control", b"no-store")
STARTS = frozenset(("http.response.start", "websocket.http.response.start", "websocket.accept"))
DENIED_FEATURES = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "hid",
    "idle-detection",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "web-share",
    "xr-spatial-tracking",
)


@dataclass(frozen=True)
class SecurityHeaders:
    """The values; the defaults are those of an API, which no browser has to render."""

    content_security_policy: str = (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    strict_transport_security: str = "max-age=63072000; includeSubDomains"
    x_content_type_options: str = "nosniff"
    x_frame_options: str = "DENY"
    referrer_policy: str = "no-referrer"
    cross_origin_opener_policy: str = "same-origin"
    cross_origin_resource_policy: str = "same-origin"
    permissions_policy: str = ", ".join(f"{feature}=()" for feature in DENIED_FEATURES)
    pages: Mapping[str, str] = field(default_factory=dict)  # path -> its own content security policy

    def pairs(self, *, https: bool, policy: str) -> Pairs:
        """Return the header lines; the promise to stay on https is only made over https."""
        values = {
            "content-security-policy": policy,
            "x-content-type-options": self.x_content_type_options,
            "x-frame-options": self.x_frame_options,
            "referrer-policy": self.referrer_policy,
            "cross-origin-opener-policy": self.cross_origin_opener_policy,
            "cross-origin-resource-policy": self.cross_origin_resource_policy,
            "permissions-policy": self.permissions_policy,
        }
        if https:
            values["strict-transport-security"] = self.strict_transport_security
        return tuple((name.encode(), value.encode()) for name, value in values.items())


class SecurityHeadersMiddleware:
    """Sets each header exactly once; replaces what a route says, except Cache-Control, which it may refine.

    The scheme is the server's word: which proxies may change it is set where the server is started.
    """

    def __init__(self, app: ASGIApp, headers: SecurityHeaders | None = None) -> None:
        self.app = app
        headers = headers or SecurityHeaders()
        policy = headers.content_security_policy
        self._pairs = {https: headers.pairs(https=https, policy=policy) for https in (False, True)}
        self._pages = {
            path: {https: headers.pairs(https=https, policy=page) for https in (False, True)}
            for path, page in headers.pages.items()
        }
        self._owned = frozenset(name for name, _ in self._pairs[True])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the head of whatever comes back."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        pairs = self._pages.get(scope["path"], self._pairs)[scope["scheme"] in ("https", "wss")]
        # A closed handshake is answered by the server, without headers, unless it is put as a response.
        denial = scope["type"] == "websocket" and "websocket.http.response" in scope.get("extensions", {})

        async def send_complete(message: Message) -> None:
            nonlocal denial
            if denial and message["type"] == "websocket.close":
                head = {"type": "websocket.http.response.start", "status": 403}
                await send({**head, "headers": self._merge((), pairs)})
                await send({"type": "websocket.http.response.body", "body": b""})
                return
            if message["type"] in STARTS:
                denial = False
                message["headers"] = self._merge(message.get("headers", ()), pairs)
            await send(message)

        await self.app(scope, receive, send_complete)

    def _merge(self, given: Iterable[tuple[bytes, bytes]], pairs: Pairs) -> list[tuple[bytes, bytes]]:
        merged = []
        stored = False
        for pair in given:
            name = pair[0].lower()
            if name not in self._owned:
                merged.append(pair)
                stored = stored or name == b"cache-control"
        if not stored:
            merged.append(NO_STORE)
        merged += pairs
        return merged
