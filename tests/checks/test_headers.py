"""Each check of the family SH on small evidence: silent on a healthy answer, loud on one defect."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from pytest_saas_validate.checks import catalogue
from pytest_saas_validate.checks.csp import parse
from pytest_saas_validate.evidence.http import (
    CLAIMED_HOST,
    CrossOrigin,
    Exchange,
    Exchanges,
    Kind,
    Secured,
    Spoofed,
    clean,
)
from pytest_saas_validate.mutants import mutants

ORIGIN = "https://app.example.test"
HEALTHY = {
    "content-security-policy": (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=()",
    "cache-control": "no-store",
}
TRANSPORT = "max-age=63072000; includeSubDomains"
CHECKS = {check.id: check for check in catalogue() if check.family == "SH"}
OF_ANSWERS = sorted(id_ for id_, check in CHECKS.items() if check.kinds == (Exchanges,) and id_ != "SH039")


def answer(*more: tuple[str, str], without: str = "", **values: object) -> Exchange:
    """A healthy plain answer, with some headers replaced, added or left out."""
    given = {name for name, _ in more}
    kept = [(name, value) for name, value in HEALTHY.items() if name not in {without, *given}]
    fields = {"kind": Kind.OK, "scheme": "http", "method": "GET", "path": "/api/things", "status": 200}
    return Exchange(headers=(*kept, *more), **{**fields, **values})


def messages(check: str, *exchanges: Exchange) -> list[str]:
    """What a check says of these answers."""
    return [finding.message for finding in CHECKS[check](Exchanges(exchanges=exchanges))]


@pytest.mark.parametrize("check", OF_ANSWERS)
def test_healthy_answers_are_clean(check: str) -> None:
    assert not messages(check, answer(private=True), answer(kind=Kind.UNROUTED, status=404))


@pytest.mark.parametrize(
    ("check", "header", "value"),
    [
        ("SH004", "content-security-policy", "default-src 'none'; script-src 'self' 'unsafe-inline'"),
        ("SH004", "content-security-policy", "default-src 'self' 'unsafe-eval'"),
        ("SH004", "content-security-policy", "script-src https://*"),
        ("SH004", "content-security-policy", "default-src 'none'; script-src-elem data:"),
        ("SH004", "content-security-policy", "frame-ancestors 'none'"),
        ("SH004", "content-security-policy", "script-src 'self' https://*.cdn.test"),
        ("SH004", "content-security-policy", "script-src http://cdn.test"),
        ("SH004", "content-security-policy", "script-src 'self'; worker-src blob:"),
        ("SH006", "content-security-policy", "default-src 'none'; base-uri 'none'; form-action 'none'"),
        ("SH006", "content-security-policy", HEALTHY["content-security-policy"] + "; object-src *"),
        ("SH010", "strict-transport-security", TRANSPORT),
        ("SH013", "x-content-type-options", "no-sniff"),
        ("SH014", "x-frame-options", "SAMEORIGIN"),
        ("SH014", "content-security-policy", "frame-ancestors 'self'"),
        ("SH015", "referrer-policy", "unsafe-url"),
        ("SH015", "referrer-policy", "no-referrer, origin"),
        ("SH016", "cross-origin-resource-policy", "cross-origin"),
        ("SH016", "cross-origin-opener-policy", "unsafe-none"),
        ("SH018", "cache-control", "private, max-age=60"),
        ("SH018", "cdn-cache-control", "max-age=60"),
        ("SH020", "server", "uvicorn"),
        ("SH020", "x-pod-name", "backend-1"),
        ("SH020", "x-app-version", "1.2.3"),
        ("SH020", "via", "1.1 inner"),
        ("SH020", "x-cache", "MISS from 10.0.3.7"),
        ("SH020", "x-note", "made by Starlette/0.50"),
        ("SH020", "x-origin", "http://backend.prod.svc"),
        ("SH020", "x-powered-by", "FastAPI"),
        ("SH020", "x-b3-traceid", "1"),
        ("SH021", "x-xss-protection", "1; mode=block"),
        ("SH021", "expect-ct", "max-age=0"),
        ("SH024", "set-cookie", "s=[scrubbed]; Path=/; HttpOnly; SameSite=Lax"),
        ("SH024", "set-cookie", "s=[scrubbed]; Path=/a; Secure; SameSite=Lax"),
        ("SH024", "set-cookie", "s=[scrubbed]; Path=/a; Secure; HttpOnly; SameSite=None"),
        ("SH024", "set-cookie", "s=[scrubbed]; Path=/; Secure; HttpOnly; SameSite=Lax"),
        ("SH024", "set-cookie", "s=[scrubbed]; Domain=a.test; Path=/; Secure; HttpOnly; SameSite=Lax"),
    ],
)
def test_one_bad_value_is_found(check: str, header: str, value: str) -> None:
    assert messages(check, answer((header, value), private=True))


@pytest.mark.parametrize(
    ("check", "header", "value"),
    [
        (
            "SH004",
            "content-security-policy",
            "script-src 'nonce-abc' 'unsafe-inline' 'strict-dynamic' https:",
        ),
        ("SH006", "content-security-policy", "object-src 'none'; " + HEALTHY["content-security-policy"]),
        ("SH004", "content-security-policy", "script-src 'self' https://cdn.test"),
        ("SH020", "server", ""),
        ("SH020", "x-request-id", "5f1c0d5e7a554b559c5d0c5a1a5a9c11"),
        ("SH020", "x-api-version", "2"),
        ("SH020", "location", "http://127.0.0.1:8000/api"),
        ("SH021", "x-xss-protection", "0"),
        ("SH024", "set-cookie", "__Host-s=[scrubbed]; Path=/; Secure; HttpOnly; SameSite=Strict"),
        ("SH024", "set-cookie", "__Host-csrf=[scrubbed]; Path=/; Secure; SameSite=Lax"),
        ("SH024", "set-cookie", "s=[scrubbed]; Path=/a; Secure; HttpOnly; SameSite=Lax"),
    ],
)
def test_a_good_value_is_not(check: str, header: str, value: str) -> None:
    assert not messages(check, answer((header, value), private=True))


@pytest.mark.parametrize("check", ["SH003", "SH013", "SH014", "SH015", "SH016"])
def test_a_header_that_is_nowhere_is_not_good(check: str) -> None:
    assert messages(check, replace(answer(), headers=()))


def test_a_gap_on_one_kind_is_named_with_its_reason() -> None:
    gap = answer(without="x-frame-options", kind=Kind.ERROR, status=500)
    (finding,) = CHECKS["SH001"](Exchanges(exchanges=(answer(), gap)))
    assert finding.where == "GET /api/things (unhandled error)"
    assert "x-frame-options is missing" in finding.message


def test_a_bare_answer_is_one_finding_over_both_schemes() -> None:
    bare = replace(answer(kind=Kind.BAD_HOST, status=400), headers=())
    (finding,) = CHECKS["SH001"](Exchanges(exchanges=(answer(), bare, replace(bare, scheme="https"))))
    assert finding.where == "GET /api/things (bad host)"
    assert finding.message.startswith("over http and https: it is bare: content-security-policy, ")


def test_an_accepted_websocket_needs_no_headers() -> None:
    assert not messages("SH001", replace(answer(kind=Kind.WEBSOCKET, status=101), headers=()))


def test_a_header_sent_twice_is_found() -> None:
    twice = replace(answer(), headers=(*answer().headers, ("x-frame-options", "DENY")))
    assert messages("SH002", twice) == ["over http: x-frame-options is sent 2 times: 'DENY', 'DENY'"]


def test_a_policy_that_only_reports_is_found_beside_enforced_ones() -> None:
    policy = ("content-security-policy-report-only", "default-src 'none'")
    assert messages("SH003", answer(), answer(policy, without="content-security-policy"))
    assert not messages("SH003", answer(policy))


def test_policies_add_up_as_in_a_browser() -> None:
    loose, strict = "script-src 'unsafe-inline'", "script-src 'self'"
    both = replace(answer(), headers=tuple(("content-security-policy", v) for v in (loose, strict)))
    assert not messages("SH004", both)
    assert [dict(policy) for policy in parse([f"{loose}, {strict}; SCRIPT-SRC *"])] == [
        {"script-src": ("'unsafe-inline'",)},
        {"script-src": ("'self'",)},
    ]


@pytest.mark.parametrize(
    "value", ["", "max-age=3600; includeSubDomains", "max-age=63072000", "includeSubDomains"]
)
def test_a_weak_promise_of_tls_is_found(value: str) -> None:
    weak = answer(*([("strict-transport-security", value)] if value else []), scheme="https")
    assert CHECKS["SH009"](Secured(exchanges=(weak,)))
    strong = answer(("strict-transport-security", TRANSPORT), scheme="https")
    assert not CHECKS["SH009"](Secured(exchanges=(strong,)))


def test_the_fix_for_tls_fits_the_cause() -> None:
    fine = answer(("strict-transport-security", TRANSPORT), scheme="https")
    denial = answer(kind=Kind.DENIAL, scheme="https", status=403)
    (everywhere,) = CHECKS["SH009"](Secured(exchanges=(denial,)))
    assert "trust its proxy" in everywhere.remedy
    (websocket,) = CHECKS["SH009"](Secured(exchanges=(fine, denial)))
    assert "wss" in websocket.remedy
    (gap,) = CHECKS["SH009"](Secured(exchanges=(fine, answer(kind=Kind.ERROR, scheme="https"))))
    assert "outside of whatever gives this answer" in gap.remedy


def test_preload_is_found_over_tls_and_the_promise_itself_is_not() -> None:
    assert not messages("SH010", answer(("strict-transport-security", TRANSPORT), scheme="https"))
    assert messages("SH010", answer(("strict-transport-security", TRANSPORT + "; preload"), scheme="https"))


@pytest.mark.parametrize(
    "believed",
    [
        answer(("strict-transport-security", TRANSPORT)),
        answer(("location", "https://127.0.0.1/api"), status=307),
        answer(("location", f"http://{CLAIMED_HOST}/api"), status=307),
        answer(status=400),
        answer(("location", f"/{CLAIMED_HOST}/api")),
        answer(claimed=True),
    ],
)
def test_a_claim_that_changes_the_answer_is_found(believed: Exchange) -> None:
    plain = answer(("location", "http://127.0.0.1/api"), status=307 if believed.values("location") else 200)
    assert CHECKS["SH011"](Spoofed(exchanges=(believed,), plain=(plain,)))
    assert not CHECKS["SH011"](Spoofed(exchanges=(plain,), plain=(plain,)))


def cross(check: str, *exchanges: Exchange) -> list[str]:
    """What a check says of answers to other origins."""
    seen = CrossOrigin(exchanges=exchanges, allowed=ORIGIN)
    evidence = (seen, Exchanges(exchanges=())) if check == "SH023" else (seen,)
    return [f.message for f in CHECKS[check](*evidence)]


ALLOW = ("access-control-allow-origin", ORIGIN)
CREDENTIALS = ("access-control-allow-credentials", "true")
PREFLIGHT = {"kind": Kind.ALLOWED, "method": "OPTIONS", "origin": ORIGIN}


@pytest.mark.parametrize("origin", ["https://stranger.invalid", "null", ORIGIN + ".stranger.invalid"])
def test_a_foreign_origin_that_is_allowed_is_found(origin: str) -> None:
    reflected = ("access-control-allow-origin", origin)
    assert cross("SH022", answer(reflected, origin=origin)) == [
        f"over http: the foreign origin {origin} is allowed"
    ]
    assert "with credentials" in cross("SH022", answer(reflected, CREDENTIALS, origin=origin))[0]
    assert not cross("SH022", answer(origin=origin), answer(ALLOW, CREDENTIALS, origin=ORIGIN))


def test_an_origin_that_nobody_listed_is_found() -> None:
    other = ("access-control-allow-origin", "https://old.invalid")
    assert cross("SH022", answer(other, origin="null"))
    assert cross("SH022", answer(other, origin=ORIGIN))


def test_every_origin_with_credentials_or_on_private_answers_is_found() -> None:
    everyone = ("access-control-allow-origin", "*")
    assert cross("SH022", answer(everyone, CREDENTIALS, origin=ORIGIN))
    assert cross("SH022", answer(everyone, origin=ORIGIN, private=True))
    assert not cross("SH022", answer(everyone, origin=ORIGIN))


def test_answers_that_the_allowed_origin_cannot_use_are_found() -> None:
    methods = ("access-control-allow-methods", "GET")
    assert not cross("SH023", answer(ALLOW, methods, **PREFLIGHT), answer(ALLOW, origin=ORIGIN))
    assert cross("SH023", answer(kind=Kind.ERROR, status=500, origin=ORIGIN))
    assert cross("SH023", answer(kind=Kind.TOO_LARGE, status=413, origin=ORIGIN))
    assert cross("SH023", answer(ALLOW, methods, **PREFLIGHT, status=400))
    assert cross("SH023", answer(ALLOW, **PREFLIGHT))
    assert cross("SH023", answer(ALLOW, methods, **PREFLIGHT, without="x-frame-options"))
    assert cross(
        "SH023", answer(ALLOW, kind=Kind.REFUSED, method="OPTIONS", origin="https://stranger.invalid")
    )


def test_an_answer_for_want_of_a_dependency_must_be_readable_too() -> None:
    seen = CrossOrigin(exchanges=(), allowed=ORIGIN)
    away = answer(kind=Kind.AWAY, status=503, sent="without the cache", origin=ORIGIN)
    (finding,) = CHECKS["SH023"](seen, Exchanges(exchanges=(away, answer(kind=Kind.ERROR, origin=ORIGIN))))
    assert finding.where == f"GET /api/things (dependency away, without the cache, Origin {ORIGIN})"


@pytest.mark.parametrize(
    ("wanted", "methods", "names", "fine"),
    [
        (("PUT", "authorization"), "get, put", "authorization", True),
        (("PUT", "authorization"), "GET", "authorization", False),
        (("POST", "authorization"), "GET", "Authorization", True),
        (("POST", "authorization", "content-type"), "POST", "authorization", False),
        (("DELETE", "authorization"), "*", "*", False),
        (("DELETE", "content-type"), "*", "*", True),
    ],
)
def test_a_preflight_must_allow_what_it_was_asked_for(
    wanted: tuple[str, ...], methods: str, names: str, fine: bool
) -> None:
    lists = (("access-control-allow-methods", methods), ("access-control-allow-headers", names))
    assert bool(cross("SH023", answer(ALLOW, *lists, **PREFLIGHT, wanted=wanted))) is not fine


def test_private_answers_are_judged_by_where_they_are_not_by_their_status() -> None:
    assert not messages("SH018", answer(without="cache-control"))
    assert messages("SH018", answer(without="cache-control", private=True, status=401))
    assert messages("SH018", answer(private=True, status=304))
    assert not messages("SH018", answer(without="cache-control", private=True, method="OPTIONS"))


@pytest.mark.parametrize("kind", [Kind.DOCUMENTATION, Kind.TEST_ROUTE])
def test_pages_that_should_be_off_are_found_when_they_answer(kind: Kind) -> None:
    assert messages("SH026", answer(kind=kind))
    assert messages("SH026", answer(kind=kind, status=500, unlike=True))
    assert messages("SH026", answer(kind=kind, status=405, unlike=True))
    assert not messages("SH026", answer(kind=kind, status=404))
    assert not messages("SH026", answer(kind=kind, status=401, unlike=True))


def test_bodies_that_tell_too_much_are_found() -> None:
    assert messages("SH037", answer(kind=Kind.INVALID, status=422, echoed=True))
    assert messages("SH038", answer(kind=Kind.ERROR, status=500, betrays=("a statement",))) == [
        "over http: it shows a statement"
    ]


def test_evidence_keeps_no_secret_and_pickles() -> None:
    kept = clean([("Set-Cookie", "s=opaque; Path=/"), ("X-Authorization", "Bearer x"), ("Vary", "Origin")])
    assert kept == (
        ("set-cookie", "s=[scrubbed]; Path=/"),
        ("x-authorization", "[scrubbed]"),
        ("vary", "Origin"),
    )
    seen = Exchanges(exchanges=(answer(),), unreached=("stream",))
    assert pickle.loads(pickle.dumps(seen)) == seen


def test_a_difference_between_engines_is_found_at_its_place() -> None:
    too_large = answer(kind=Kind.TOO_LARGE, status=413, sent="too large", declared=True)
    stored = replace(too_large, headers=(*too_large.headers, ("vary", "Origin")))
    one, other = Exchanges(exchanges=(too_large,)), Exchanges(exchanges=(stored,))
    assert not CHECKS["SH039"]({"local": one, "compose": one})
    (finding,) = CHECKS["SH039"]({"local": one, "compose": other})
    assert finding.where == "GET /api/things (413, too large, http)"
    apart = Exchanges(exchanges=(replace(stored, sent="announced only"),))
    assert not CHECKS["SH039"]({"local": one, "compose": apart})


def test_every_check_is_fired_by_a_mutant() -> None:
    # No defect in a project can make engines differ that this machine does not have: SH039 is shown above.
    assert set(CHECKS) - {"SH039"} <= {check for mutant in mutants() for check in mutant.fires}
