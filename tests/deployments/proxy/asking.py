"""Asking the proxy as a tool does, with every byte of the path as it is written."""

import http.client
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

type Response = tuple[int, http.client.HTTPMessage, bytes]
type Ask = Callable[..., Response]

TOKEN = "secret-notion-token"  # as the fixture `make_connection` makes it


def request(url: str, method: str, path: str, body: bytes | None = None, **headers: str) -> Response:
    """One request on a connection of its own. Names of headers may have `_` for `-`."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None and "transfer-encoding" not in sent:
        sent.setdefault("content-length", str(len(body)))
    client = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        client.putrequest(method, path, skip_accept_encoding=True)
        for name, value in sent.items():
            client.putheader(name, value)
        client.endheaders(body)
        response = client.getresponse()
        return response.status, response.headers, response.read()
    finally:
        client.close()


def refused(response: Response, status: int, code: str) -> Mapping[str, Any]:
    """The error of a refusal, after a look at its envelope."""
    body = json.loads(response[2])
    assert (response[0], response[1]["Vendo-Error-Code"], body["error"]["code"]) == (status, code, code)
    error: Mapping[str, Any] = body["error"]
    return error
