"""Any provider of the catalogue, played over HTTP from what its own test has recorded; as strict as the real one.

Every host of the provider becomes the first part of a path, `https://api.example.com/v1` for instance
`<simulator>/api.example.com/v1`, so that one sees which host would have been asked. Whatever the data sheet does not
say is refused: a client that identifies itself in another way, a body of another form, a code that was not given out,
PKCE where it is waived, a token that is gone.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from urllib.parse import urlencode, urlsplit

from connections import addresses, oauth
from connections.catalog import OAuth2, Provider
from connections.models import Integration
from tests.connections.catalog.recorded import Revoked
from tests.simulator import Asked, Simulator

type Answered = tuple[int, Any, dict[str, str]]

CLIENT = ("test-client", "test-client-secret")
INVALID: Answered = (400, {"error": "invalid_request"}, {})
KINDS = {"form": "application/x-www-form-urlencoded", "json": "application/json"}
ADDRESSES = ("authorize_url", "token_url", "refresh_url", "revoke_url", "lengthen_url", "renew_url")
PING = "/vendo-ping"  # a path of the API that is known to nobody's data sheet


@dataclass
class Played(Simulator):
    """One provider. `facts` is its test module."""

    provider: Provider = field(kw_only=True)
    facts: ModuleType = field(kw_only=True)
    # Tokens that work at the moment, and those that renew.
    alive: set[str] = field(default_factory=set)
    renewing: set[str] = field(default_factory=set)
    # Codes that were given out, with what the person was sent along with.
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    calls: int = 0  # of the API

    # --- what is known of it ------------------------------------------------------------------------------------------

    def fact(self, name: str, otherwise: Any = None) -> Any:
        """What the provider's test has recorded under that name."""
        return getattr(self.facts, name, otherwise)

    @property
    def signs_in(self) -> bool:
        """Whether people sign in there; else they paste a key."""
        return self.fact("TOKEN_ANSWER") is not None

    @property
    def asked_of_people(self) -> dict[str, str]:
        """What is typed in before."""
        return dict(self.fact("ASKED", {}))

    @property
    def account_facts(self) -> dict[str, str]:
        """What fills the addresses of the connected account."""
        return {**(self.fact("CONTEXT") or {}), **self.asked_of_people}

    @property
    def oauth(self) -> OAuth2:
        """How one signs in."""
        assert self.provider.oauth
        return self.provider.oauth

    @property
    def token(self) -> str:
        """The token that a fresh connection holds."""
        if not self.signs_in:
            key = self.provider.key
            assert key
            return str(self.fact("PASTED")[key.token.name])
        return self.token_of(self.fact("LENGTHENED") or self.fact("TOKEN_ANSWER"))

    def token_of(self, answer: Mapping[str, Any]) -> str:
        """The access token in an answer of the token endpoint."""
        sheet = self.oauth if self.fact("LENGTHENED") != answer else OAuth2(authorize_url="", token_url="")
        return oauth.read_answer(sheet, answer).access_token

    # --- being asked --------------------------------------------------------------------------------------------------

    def play(self, slug: str = "") -> Integration:
        """Make the catalogue row talk to this simulator, host by host."""
        integration = Integration.objects.get(slug=self.provider.slug)
        names = ("api_url", "account_url", *(ADDRESSES if self.provider.oauth else ()))
        declared = {name: addresses.declared(self.provider, name) for name in names}
        integration.endpoint_overrides = {name: self._here(url) for name, url in declared.items() if url}
        integration.save()
        if not self.signs_in:
            self.alive.add(self.token)
        return integration

    def path(self, name: str) -> str:
        """Where on this simulator an address of the provider is, for the account."""
        declared = addresses.declared(self.provider, name).format_map(_Anything(self.account_facts))
        return urlsplit(self._here(declared)).path

    def answer(self, asked: Asked) -> Answered:
        """As the provider would."""
        with self._lock:
            self.asked.append(asked)
            role = next((role for name, role in self._roles().items() if asked.path == self.path(name)), None)
            if role:
                return role(asked)
            if self._is_revocation(asked):
                return self._revoke(asked)
            return self._api(asked)

    def _here(self, url: str) -> str:
        return url.replace("https://", f"{self.url}/", 1)

    def _roles(self) -> dict[str, Callable[[Asked], Answered]]:
        if not self.signs_in:
            return {}
        found: dict[str, Callable[[Asked], Answered]] = {}
        found |= {"authorize_url": self._authorize, "token_url": self._token, "refresh_url": self._token}
        if self.oauth.lengthen:
            found["lengthen_url"] = self._lengthen
        if self.oauth.renew:
            found["renew_url"] = self._renew
        return found

    # --- signing in ---------------------------------------------------------------------------------------------------

    def _authorize(self, asked: Asked) -> Answered:
        """The page where people agree; everybody does."""
        query, sheet = asked.query, self.oauth
        scopes = sheet.scope_separator.join(oauth.asked_for(sheet))
        wanted = {"response_type": "code", "client_id": CLIENT[0]} | ({sheet.scope_param: scopes} if scopes else {})
        wanted |= {name: str(value) for name, value in sheet.authorize_params.items()}
        pkce = query.get("code_challenge_method") == "S256" and query.get("code_challenge")
        if not wanted.items() <= query.items() or bool(pkce) != sheet.uses_pkce or not query.get("state"):
            return INVALID
        code = f"code-{secrets.token_hex(8)}"
        self.codes[code] = query
        back = {"code": code, "state": query["state"], **self.fact("CALLBACK", {})}
        return 302, {}, {"Location": f"{query['redirect_uri']}?{urlencode(back)}"}

    def _token(self, asked: Asked) -> Answered:
        if not self._is_our_client(asked):
            return 401, {"error": "invalid_client"}, {}
        if asked.body.get("grant_type") == "refresh_token":
            return self._refresh(asked)
        sent = self.codes.pop(asked.body.get("code", ""), None)
        if sent is None or asked.path != self.path("token_url") or not self._is_same_sign_in(asked, sent):
            return 400, {"error": "invalid_grant"}, {}
        return self._issue(self.fact("TOKEN_ANSWER"))

    def _is_our_client(self, asked: Asked) -> bool:
        """In the way that the data sheet says and in no other."""
        sheet, body = self.oauth, asked.body
        in_body = (body.get("client_id"), body.get("client_secret"))
        expected = {"basic": (None, None), "post": CLIENT, "none": (CLIENT[0], None)}[sheet.client_auth]
        in_header = CLIENT if sheet.client_auth == "basic" else None
        return (asked.content_type, in_body, asked.client) == (KINDS[sheet.token_body], expected, in_header)

    def _is_same_sign_in(self, asked: Asked, sent: Mapping[str, str]) -> bool:
        verifier = asked.body.get("code_verifier")
        digest = base64.urlsafe_b64encode(hashlib.sha256((verifier or "").encode()).digest()).rstrip(b"=").decode()
        proven = sent.get("code_challenge") == (digest if verifier else None)
        wanted = {name: str(value) for name, value in self.oauth.token_params.items()}
        return proven and asked.body["redirect_uri"] == sent["redirect_uri"] and wanted.items() <= asked.body.items()

    def _refresh(self, asked: Asked) -> Answered:
        sheet, answer = self.oauth, self.fact("REFRESH_ANSWER")
        address = self.path("refresh_url") or self.path("token_url")
        wanted = {name: str(value) for name, value in sheet.refresh_params.items()}
        if answer is None or asked.path != address or not wanted.items() <= asked.body.items():
            return INVALID
        if asked.body.get("refresh_token") not in self.renewing:
            return (*self.fact("GONE", (400, {"error": "invalid_grant"})), {})
        if oauth.read_answer(sheet, answer).refresh_token:
            self.renewing.clear()  # rotated: the one before is no longer good
        return self._issue(answer)

    def _issue(self, answer: Mapping[str, Any], sheet: OAuth2 | None = None) -> Answered:
        tokens = oauth.read_answer(sheet or self.oauth, answer)
        self.alive = {tokens.access_token}
        if tokens.refresh_token:
            self.renewing.add(tokens.refresh_token)
        return 200, answer, {}

    def _lengthen(self, asked: Asked) -> Answered:
        swap = self.oauth.lengthen
        return self._swap(asked, swap, self.fact("LENGTHENED"))

    def _renew(self, asked: Asked) -> Answered:
        return self._swap(asked, self.oauth.renew, self.fact("REFRESH_ANSWER"))

    def _swap(self, asked: Asked, swap: Any, answer: Mapping[str, Any]) -> Answered:
        sent = asked.query if swap.method == "GET" else asked.body
        expected = [
            {
                name: value.format(access_token=token, client_id=CLIENT[0], client_secret=CLIENT[1])
                for name, value in swap.params.items()
            }
            for token in self.alive
        ]
        if asked.method != swap.method or sent not in expected:
            return (*self.fact("DEAD", (401, {})), {})
        return self._issue(answer, OAuth2(authorize_url="", token_url=""))

    # --- the API, and giving up ---------------------------------------------------------------------------------------

    def _is_revocation(self, asked: Asked) -> bool:
        wanted: Revoked | None = self.fact("REVOKED")
        if wanted is None:
            return False
        host = self.path("revoke_url").split("/")[1]
        return asked.path == f"/{host}{wanted.path.format(token=self.given_up(wanted))}"

    def given_up(self, wanted: Revoked) -> str:
        """The token that the record says is given up."""
        tokens = oauth.read_answer(self.oauth, self.fact("TOKEN_ANSWER"))
        return (tokens.refresh_token if wanted.token == "refresh" else None) or self.token

    def _revoke(self, asked: Asked) -> Answered:
        """The request must be the recorded one."""
        wanted: Revoked = self.fact("REVOKED")
        token = self.given_up(wanted)
        body = {name: value.format(token=token) for name, value in wanted.body.items()}
        expected = (wanted.method, body, wanted.client, wanted.bearer.format(token=token))
        if (asked.method, asked.body, asked.client, asked.bearer) != expected:
            return INVALID
        self.alive, self.renewing = set(), set()
        return 200, {"ok": True, "revoked": True}, {}

    def _api(self, asked: Asked) -> Answered:
        self.calls += 1
        if self.api_status != 200:
            return self.api_status, {}, {}
        carrier = self.provider.carrier
        token = next((token for token in self.alive if self._carries(asked, token)), None)
        if token is None:
            refused = self.provider.key.refused if self.provider.key else {401}
            return (*self.fact("DEAD", (min(refused), {})), {})
        # A tool's own value goes before the data sheet's.
        if not {name.lower() for name in self.provider.api_headers} <= asked.headers.keys():
            return INVALID
        bases = {self.path("api_url").rstrip("/"), self.path("account_url").rstrip("/")}
        known = {f"{base}{carrier.prefix(token)}{path}": said for base in bases for path, said in self._said().items()}
        return (200, known[asked.path], {}) if asked.path in known else (404, {}, {})

    def _carries(self, asked: Asked, token: str) -> bool:
        carrier = self.provider.carrier
        headers = {name.lower(): value for name, value in carrier.headers(token).items()}
        in_place = headers.items() <= asked.headers.items() and carrier.parameters(token).items() <= asked.query.items()
        return in_place and carrier.prefix(token) in asked.path

    def _said(self) -> dict[str, Any]:
        return {**self.fact("API"), PING: {"pong": self.provider.slug}}


class _Anything(dict[str, str]):
    """Leaves in a template what it does not know."""

    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"
