"""What a provider's test file records, and an `Api` that answers from it.

`tests/connections/catalog/test_<slug>.py` holds recorded facts (real shapes, values of our own) and, below them, tests
of what only this provider does. The simulator plays the facts over HTTP, and tests/connections/test_every_provider.py
takes each provider through connect, refresh, revoke, re-auth, token, variables and proxy with them. Their names:

WAIVERS: set[str]           fields of OAuth2 whose safe default is given up (compared with the data sheet)
API: {path: answer}         what `identify`, `verify` and `places` are answered, GET and POST alike, by the path that
                            the data sheet's functions write, without a query: {"/v1/users/me": {…}}
ACCOUNT: (id, name)         what a connection is stored as: `Account`'s, or with places `"<account>/<place>"` and the
                            place's name; ANY from unittest.mock where the value does not matter
CONTEXT: dict | None        the flat context tools are told; left out means None
VARIABLES: {name: value}    what a tool gets in its environment; left out means nothing (a token that expires)
ASKED: {name: value}        what is typed into `asks`; left out means that nothing is asked
PLACE: str                  id of the place to choose, where API holds several

For OAuth 2:
TOKEN_ANSWER: dict          the token endpoint's answer to the code, whole and nested as the provider sends it
REFRESH_ANSWER: dict        its answer to a refresh token, or to `OAuth2.renew`; left out where nothing is renewed
LENGTHENED: dict            the answer to `OAuth2.lengthen`
CALLBACK: {field: value}    what the provider adds to the callback's query (`keep_query`)
REVOKED: Revoked            the request by which the token is given up; left out where the provider has no such thing
GONE: (status, dict)        the token endpoint's answer to a refresh token that is gone; left out means
                            (400, {"error": "invalid_grant"})

For a pasted key: PASTED: {field: value}, a key that works and what is pasted beside it.
For InBand: DEAD: (status, dict), the API's answer to a credential that is gone; left out means a bare 401.

Tokens in the facts are at least eight characters long and occur nowhere else in them: tests look for them in logs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """A revocation as it must arrive at the provider; our client is `test-client` with `test-client-secret`.

    `token` is the one given up: of TOKEN_ANSWER (or LENGTHENED), `access` or `refresh`; whatever has its value in
    `path`, `body` or `bearer` is written `{token}`.
    """

    path: str
    method: str = "POST"
    body: Mapping[str, str] = field(default_factory=dict)
    # (id, secret) in a Basic header; and what is in a Bearer header.
    client: tuple[str, str] | None = None
    bearer: str = ""
    token: str = "refresh"


class RecordedApi:
    """path → JSON, as API of a provider's test; remembers what was asked, and what was posted."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.posted: list[Mapping[str, Any] | None] = []

    def get(self, path: str, **params: str) -> Any:
        """The recorded answer; KeyError for anything unexpected."""
        self.asked.append(path)
        return self.answers[path]

    def post(self, path: str, body: Mapping[str, Any] | None) -> Any:
        """As `get`."""
        self.posted.append(body)
        return self.get(path)
