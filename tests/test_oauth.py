"""OAuth: whose tokens are accepted, how the issuer's keys are read, and what happens while it is down."""

import json
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from autosend_mcp.server.http.issuer import IssuerKeys
from tests.support.issuer import AUDIENCE, Issuer
from tests.support.line import Line
from tests.support.serving import served
from tests.support.worlds import answer_of

pytestmark = pytest.mark.anyio

JANE = {"email": "jane@example.com"}
LIST: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
ROOT = "https://login.example.com"


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


async def _status(app: Any, token: str) -> int:
    async with app.http(token) as http:
        return (await http.post("/mcp", json=LIST, headers=JSON)).status_code


async def test_a_users_token_creates_a_contact_and_never_leaves(line: Line, issuer: Issuer, era: str) -> None:
    heard: list[str] = []

    class _Heard(httpx2.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            heard.append(repr((request.url, request.headers.raw, request.content)))
            return await line.handle_async_request(request)

    token = issuer.token()
    async with served(_Heard(), issuer=issuer) as app, app.client(token, era=era) as client:
        assert answer_of(await client.call_tool("create_contact", JANE))["outcome"] == "created"
    assert line.count("POST /contacts") == 1
    assert not any(part in text for text in heard for part in token.split("."))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [AUDIENCE, "https://other.example.com"]},
        {"aud": f"{AUDIENCE}/"},
        {"scope": None, "scp": ["contacts:read"]},
        {"scope": None, "scp": "contacts:read openid"},
        {"exp": -5},
        {"nbf": 5},
        {"client_id": None, "azp": "host"},
        {"client_id": None},
        {"header": {"typ": "JWT"}},
        {"header": {"kid": None}},
    ],
    ids=str,
)
async def test_a_token_is_read_as_issuers_write_it(line: Line, issuer: Issuer, claims: dict[str, Any]) -> None:
    async with served(line, issuer=issuer) as app:
        assert await _status(app, issuer.token(**claims)) == 200


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
@pytest.mark.parametrize(
    ("key", "algorithm", "status"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "ES384", 200),
        (ed25519.Ed25519PrivateKey.generate(), "EdDSA", 200),
        (rsa.generate_private_key(65_537, 2_048), "PS256", 200),
        (rsa.generate_private_key(65_537, 1_024), "RS256", 401),  # noqa: S505 - the subject
    ],
    ids=["ES384", "EdDSA", "PS256", "RSA of 1,024 bits"],
)
async def test_each_asymmetric_algorithm_counts_with_a_safe_key(
    line: Line, issuer: Issuer, key: Any, algorithm: str, status: int
) -> None:
    issuer.more = [
        *({"kty": "oct", "k": "AAAA", "kid": "two"}, {"kty": "EC", "crv": "P-256", "x": 1, "kid": "two"}, "no key"),
        *({"kty": ["RSA"], "kid": "two"}, {"kty": "RSA", "n": "AAAA", "kid": 7}, {**issuer.jwk("one"), "use": "enc"}),
    ]
    issuer.keys = {"two": key}
    async with served(line, issuer=issuer) as app:
        assert await _status(app, issuer.token("two", algorithm=algorithm)) == status
        wrong = {"PS256": "RS512"}.get(algorithm)  # of the same key, and as good
        assert wrong is None or await _status(app, issuer.token("two", algorithm=wrong)) == 200


@pytest.mark.parametrize(
    ("url", "at"),
    [
        (f"{ROOT}/team", "/.well-known/oauth-authorization-server/team"),
        (f"{ROOT}/team", "/.well-known/openid-configuration/team"),
        (f"{ROOT}/team", "/team/.well-known/openid-configuration"),
        (f"{ROOT}/", "/.well-known/openid-configuration"),
        (ROOT, "/.well-known/oauth-authorization-server"),
    ],
)
async def test_clients_and_server_find_the_issuer(line: Line, url: str, at: str) -> None:
    issuer = Issuer(url)
    issuer.at = at
    async with served(line, issuer=issuer) as app, app.http() as http:
        assert await _status(app, issuer.token()) == 200
        challenge = (await http.post("/mcp", json=LIST, headers=JSON)).headers["www-authenticate"]
        where = "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"
        assert f'resource_metadata="{where}"' in challenge
        assert 'scope="contacts:read contacts:write"' in challenge
        metadata = (await http.get(where)).json()
        at_root = await http.get("/.well-known/oauth-protected-resource", headers={"Origin": "https://page.example"})
    assert (at_root.json(), at_root.headers["access-control-allow-origin"]) == (metadata, "*")
    assert (metadata["resource"], metadata["authorization_servers"]) == (AUDIENCE, [url])
    assert metadata["scopes_supported"] == ["contacts:read", "contacts:write"]


async def test_every_client_user_and_issuer_is_a_principal_of_its_own(
    line: Line, issuer: Issuer, tmp_path: Path
) -> None:
    async with served(line, tmp_path, issuer=issuer) as app:
        others = [
            issuer.token(sub="ben"),
            issuer.token(client_id="other-host"),
            issuer.token(client_id="host/ana", sub=None),
            issuer.token(client_id="ho", sub="st/ana"),
            app.tokens.create("host"),
        ]
        async with app.client(issuer.token()) as client:
            await client.call_tool("create_contact", JANE)
        for token, sees in [(issuer.token(jti="again"), True), *((each, False) for each in others)]:
            async with app.client(token) as client:
                history: Any = (await client.read_resource("autosend://writes")).contents[0]
                assert (JANE["email"] in history.text) is sees


@pytest.mark.parametrize("claim", ["sub", "client_id"])
@pytest.mark.parametrize(
    "value", ["", "a" * 513, "\ud800", ["ana"], {"id": 1}], ids=["empty", "long", "half", "list", "object"]
)
async def test_a_caller_whose_name_cannot_be_read_is_nobody(
    line: Line, issuer: Issuer, claim: str, value: object
) -> None:
    """Left out, the name would make one caller of all users of a client."""
    async with served(line, issuer=issuer) as app:
        said = jwt.decode(issuer.token(), options={"verify_signature": False}) | {claim: value}
        header = {"kid": "one", "typ": "at+jwt"}
        token = jwt.PyJWS().encode(json.dumps(said).encode(), issuer.keys["one"], "ES256", header)
        assert await _status(app, token) == 401


async def test_a_name_may_be_of_keys_of_several_kinds(line: Line, issuer: Issuer) -> None:
    more = Issuer()
    more.keys = {"one": rsa.generate_private_key(65_537, 2_048)}
    issuer.more = [more.jwk("one")]
    async with served(line, issuer=issuer) as app:
        assert await _status(app, issuer.token()) == 200
        assert await _status(app, more.token(algorithm="RS256")) == 200


async def test_known_keys_go_on_working_while_the_issuer_is_down(line: Line, issuer: Issuer) -> None:
    async with served(line, issuer=issuer) as app, app.http() as http:
        assert await _status(app, issuer.token()) == 200
        assert (await http.get("/ready")).json() == {"ready": True, "problems": []}
        issuer.answer = httpx2.ConnectError("refused")
        issuer.keys["new"] = ec.generate_private_key(ec.SECP256R1())
        assert await _status(app, issuer.token()) == 200
        assert await _status(app, issuer.token("new")) == 401
    async with served(line, issuer=issuer) as app, app.http() as http:  # down from the start
        assert await _status(app, issuer.token()) == 401
        assert (await http.get("/ready")).status_code == 503


async def test_keys_are_read_again_by_age_and_for_an_unknown_one_at_most_so_often(issuer: Issuer) -> None:
    now = [0.0]
    keys = IssuerKeys(issuer.url, "https://keys.example.com/jwks", lambda _url: issuer, lambda: now[0])

    async def known(name: str) -> bool:
        return await keys.key(name, "ES256") is not None

    assert await known("one")
    for _ in range(100):
        assert not await known("made-up")
    assert len(issuer.asked) == 1
    issuer.keys = {"two": ec.generate_private_key(ec.SECP256R1())}
    now[0] = 11
    assert await known("two")
    assert not await known("one")  # a key that the issuer has taken away
    assert len(issuer.asked) == 2
    issuer.answer = httpx2.Response(500)
    now[0] += 61
    assert "500" in await keys.look()
    assert await known("two")
    assert len(issuer.asked) == 3
    issuer.answer, now[0] = None, now[0] + 11
    assert await keys.look() == ""
    now[0] += 3_601
    assert await known("two")
    assert len(issuer.asked) == 5


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx2.Response(302, headers={"Location": "https://evil.example/jwks"}), "another host"),
        (httpx2.Response(302, headers={"Location": "http://keys.example.com/jwks"}), "another host"),
        (httpx2.Response(302, headers={"Location": "/jwks"}), "from one page to another"),
        (httpx2.Response(302, headers={"Location": "https://[x"}), "ValueError"),
        (httpx2.Response(200, content=b" " * 600_000), "too much"),
        (httpx2.Response(200, content=b"[" * 100_000), "JSON object"),
        (httpx2.Response(200, json=[]), "JSON object"),
        (httpx2.Response(200, json={"keys": 5}), "no key"),
        (httpx2.Response(503), "503"),
        (TimeoutError(), "TimeoutError"),
        (httpx2.ReadTimeout(""), "ReadTimeout"),
    ],
    ids=range(11),
)
async def test_an_issuer_that_answers_wrongly_gives_no_keys(issuer: Issuer, answer: Any, said: str) -> None:
    issuer.answer = answer
    keys = IssuerKeys(issuer.url, "https://keys.example.com/jwks", lambda _url: issuer)
    assert said in await keys.look()
    assert not keys.are_known
    assert not any("evil.example" in url for url in issuer.asked)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"issuer": "https://evil.example"}, "names another one"),
        ({"issuer": f"{ROOT}/team/"}, "AUTOSEND_HTTP_ISSUER"),
        ({"jwks_uri": "http://keys.example.com/jwks"}, "where its keys are"),
        ({"jwks_uri": None}, "where its keys are"),
    ],
)
async def test_metadata_that_is_not_the_issuers_is_not_used(
    issuer: Issuer, metadata: dict[str, Any], said: str
) -> None:
    issuer.metadata |= metadata
    keys = IssuerKeys(issuer.url, None, lambda _url: issuer)
    assert said in await keys.look()
    assert len(issuer.asked) == 1
    issuer.at = "/nowhere"
    assert "AUTOSEND_HTTP_JWKS" in await IssuerKeys(issuer.url, None, lambda _url: issuer).look()
    assert json.dumps(issuer.asked).count("keys.example.com") == 0
