"""The issuer of test tokens, the sink of error reports and the sender of load, as processes."""

import base64
import gzip
import http.client
import json
import stat
import sys
import time
import urllib.error
import urllib.request
import zlib

import pytest

from pytest_saas_validate.engines.local.ports import Ports
from pytest_saas_validate.engines.local.services import Service, answers, wait
from pytest_saas_validate.engines.programs import ISSUER, LOADER, SENTRY


@pytest.fixture
def serve(workspace, tmp_path):
    """Start a program; returns its address."""
    ports, services = Ports(), []

    def start(program, **environment):
        port = ports.take()
        argv = [sys.executable, "-I", str(program.path), str(port)]
        log, ready = tmp_path / f"{port}.log", answers(port, "/up")
        service = Service(program.name, argv, tmp_path, log, port, ready, environment=environment)
        service.launch(workspace.ledger)
        services.append(service)
        wait([service])
        return f"127.0.0.1:{port}"

    yield start
    for service in services:
        service.stop()
    ports.close()


def get(address, path):
    with urllib.request.urlopen(f"http://{address}{path}") as response:
        return json.load(response)


def token(address, **wanted):
    data = json.dumps(wanted).encode()
    with urllib.request.urlopen(f"http://{address}/token", data) as response:
        return response.read().decode()


def part(token, index):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[index] + "=="))


def verify(token, jwk):
    """By an implementation that is not ours."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    n, e = (int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "=="), "big") for name in "ne")
    signed, signature = token.rsplit(".", 1)
    public = rsa.RSAPublicNumbers(e, n).public_key()
    content = base64.urlsafe_b64decode(signature + "==")
    public.verify(content, signed.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_a_token_verifies_against_the_published_key(serve):
    address = serve(ISSUER)
    metadata = get(address, "/.well-known/openid-configuration")
    jwk = get(address, metadata["jwks_uri"].split(address)[1])["keys"][0]
    signed = token(address, claims={"sub": "someone", "aud": "here"})
    verify(signed, jwk)
    assert part(signed, 0) == {"alg": "RS256", "typ": "JWT", "kid": jwk["kid"]}
    claims = part(signed, 1)
    assert (claims["iss"], claims["sub"], claims["aud"]) == (metadata["issuer"], "someone", "here")
    assert claims["exp"] - claims["iat"] == 600
    assert "d" not in jwk


def test_a_token_can_be_wrong_in_every_way(serve):
    address = serve(ISSUER)
    assert "exp" not in part(token(address, claims={"exp": None}), 1)
    assert part(token(address, claims={"iss": "other"}), 1)["iss"] == "other"
    assert part(token(address, claims={}, kid="unknown"), 0)["kid"] == "unknown"
    assert "kid" not in part(token(address, claims={}, header={"kid": None}), 0)
    unsigned = token(address, header={"alg": "none"})
    assert part(unsigned, 0)["alg"] == "none"
    assert unsigned.endswith(".")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"claims": 3}', b"not json"])
def test_nonsense_is_refused_with_a_reason(serve, body):
    connection = http.client.HTTPConnection(serve(ISSUER))
    connection.request("POST", "/token", body)
    response = connection.getresponse()
    assert response.status == 400
    assert b"claims" in response.read()
    connection.close()


def test_the_key_is_kept_for_its_owner_alone(serve, tmp_path):
    cache = {"SAAS_VALIDATE_CACHE": str(tmp_path)}
    keys = [get(serve(ISSUER, **cache), "/.well-known/jwks.json") for _ in range(2)]
    assert keys[0] == keys[1]
    assert stat.S_IMODE((tmp_path / "keys" / "issuer.json").stat().st_mode) == 0o600
    assert get(serve(ISSUER), "/.well-known/jwks.json") != keys[0]


ENCODED = {"": lambda b: b, "gzip": gzip.compress, "deflate": zlib.compress, "unknown": lambda b: b[::-1]}


def post(address, path, body, headers=None, chunked=False):
    connection = http.client.HTTPConnection(address)
    connection.request("POST", path, iter([body]) if chunked else body, headers or {}, encode_chunked=chunked)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


@pytest.mark.parametrize("encoding", ENCODED)
@pytest.mark.parametrize("path", ["/api/1/envelope/", "/api/1/store/?sentry_key=public"])
def test_what_arrives_is_kept_raw_and_decoded(serve, encoding, path):
    address, body = serve(SENTRY), b'{"event_id": "1"}'
    raw = ENCODED[encoding](body)
    assert post(address, path, raw, {"Content-Encoding": encoding, "X-Sentry-Auth": "key"}) == 200
    (item,) = get(address, "/captured")
    assert item["path"] == path
    assert ["X-Sentry-Auth", "key"] in item["headers"]
    assert base64.b64decode(item["raw"]) == raw
    assert item["body"] == (None if encoding == "unknown" else base64.b64encode(body).decode())


def test_a_chunked_body_is_read_whole(serve):
    address = serve(SENTRY)
    chunked = {"Transfer-Encoding": "chunked"}
    assert post(address, "/api/1/envelope/", b"x" * 100_000, chunked, chunked=True) == 200
    assert len(base64.b64decode(get(address, "/captured")[0]["raw"])) == 100_000


def test_a_broken_body_is_kept_raw(serve):
    address = serve(SENTRY)
    assert post(address, "/api/1/envelope/", b"not gzip", {"Content-Encoding": "gzip"}) == 200
    assert get(address, "/captured")[0]["body"] is None


def test_other_places_take_nothing_and_what_was_kept_is_forgotten(serve):
    address = serve(SENTRY)
    assert post(address, "/elsewhere", b"x") == 404
    assert post(address, "/api/1/envelope/", b"x") == 200
    request = urllib.request.Request(f"http://{address}/captured", method="DELETE")
    urllib.request.urlopen(request).close()
    assert get(address, "/captured") == []


def load(address, path, **wanted):
    data = json.dumps(wanted).encode()
    with urllib.request.urlopen(f"http://{address}{path}", data) as response:
        return json.load(response)


def test_load_tells_what_was_not_answered_well_and_stops(serve):
    loader, sink, ports = serve(LOADER), serve(SENTRY), Ports()
    targets = {
        "good": {"url": f"http://{sink}/up", "host": "x"},
        "absent": {"url": f"http://{sink}/nothing", "host": "x"},
        "deaf": {"url": f"http://127.0.0.1:{ports.take()}/", "host": "x"},
    }
    asked = {name: load(loader, "/ask", **target)["what"] for name, target in targets.items()}
    assert (asked["good"], asked["absent"]) == ("", "404")
    load(loader, "/begin", targets=targets, pause=0.01, seconds=30)
    time.sleep(0.5)
    seen = load(loader, "/end")
    assert seen["good"]["sent"] > 5
    assert seen["good"]["failures"] == []
    assert seen["absent"]["failed"] == seen["absent"]["sent"]
    assert {found["what"] for found in seen["absent"]["failures"]} == {"404"}
    assert seen["deaf"]["failures"][0]["what"].startswith("ConnectionRefusedError")
    assert load(loader, "/end") == {}, "nothing goes on"
    ports.close()


def test_load_ends_by_itself_and_is_begun_once(serve):
    loader, sink = serve(LOADER), serve(SENTRY)
    wanted = {"targets": {"good": {"url": f"http://{sink}/up", "host": "x"}}, "pause": 0.01, "seconds": 0.2}
    load(loader, "/begin", **wanted)
    with pytest.raises(urllib.error.HTTPError, match="409"):
        load(loader, "/begin", **wanted)
    time.sleep(1)
    first = load(loader, "/end")["good"]["sent"]
    assert 1 < first < 25
