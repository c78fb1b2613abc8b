"""What goes through the provider proxy and what does not: addresses and headers (contract section 6). No I/O here.

A tool chooses the path below the provider's API base and nothing else of the address. A path that some server on the
way could read as leading out of the base is refused, not mended: mending is where two readers come to disagree.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, unquote, urlsplit

from connections.catalog import Proxy
from deployments.errors import ApiError

type Headers = Iterable[tuple[bytes, bytes]]

ADDRESS = re.compile(rb"/proxy/([^/]*)(/.*)?", re.DOTALL)
SENDABLE = re.compile(rb"[!\"$-~]*")  # what a request line may hold (RFC 9112), without `#`, which is not sent
NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Control characters, backslashes, and `.` `/` `\` in the overlong UTF-8 that some old servers read.
UNSAFE = re.compile("[\x00-\x1f\x7f\\\\]|\xc0[\xae\xaf]|\xc1\x9c")
ELSEWHERE = re.compile(r"//|/*[a-z][a-z0-9+.-]*:/", re.IGNORECASE)
ROUNDS = 4  # servers behind servers may each decode once

# About one connection (RFC 9110 section 7.6.1), and so neither the provider's nor the tool's to see.
HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding"
    b" upgrade".split()
)
# Between the tool and us: its key, its address, the page it runs in, and how the body is framed, which is said anew.
TO_US = frozenset(
    b"authorization x-api-key host cookie cookie2 origin forwarded via x-real-ip expect content-length".split()
)
# Said about the host that answers, which is ours: a provider must not set our cookies or move our clients.
ABOUT_THE_HOST = frozenset(
    b"set-cookie set-cookie2 alt-svc clear-site-data strict-transport-security public-key-pins nel report-to"
    b" reporting-endpoints date server".split()
)
OURS = (b"vendo-", b"x-vendo-", b"x-forwarded-", b"access-control-")
UNSENDABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# Whose answer it is depends on the key: a shared cache on the way must not give one tenant's to another.
VARY = (b"vary", b"authorization, x-api-key")


def split(raw_path: bytes) -> tuple[str, bytes]:
    """/proxy/<slug>/<path> → slug, and the path behind it as it was sent. Raises `ApiError`."""
    found = ADDRESS.fullmatch(raw_path)
    if found is None:
        raise ApiError("not_found")
    return found[1].decode("latin-1"), found[2] or b""


def target(api_url: str, path: bytes, query: bytes) -> bytes:
    """The request line's address: the API base's path, then `path` and `query` to the byte. Raises `ApiError`."""
    if not SENDABLE.fullmatch(path) or not SENDABLE.fullmatch(query):
        raise _bad("It holds characters that an address can't have. Percent-encode them.")
    if NO_ESCAPE.search(path.decode()):
        raise _bad("A percent sign must be followed by two hexadecimal digits.")
    _refuse_ways_out(path.decode())
    base = urlsplit(api_url).path
    whole = (base.encode() + path) or b"/"
    if not _is_below(api_url, whole.decode()):
        raise _bad("It leads out of the provider's API.")
    return whole + b"?" + query if query else whole


def with_credential(query: bytes, name: str, credential: str) -> bytes:
    """The query with the credential in parameter `name`, instead of any that the tool had put there."""
    others = [part for part in query.split(b"&") if part and unquote(part.partition(b"=")[0].decode()) != name]
    return b"&".join([*others, f"{quote(name, safe='')}={quote(credential, safe='')}".encode()])


def with_prefix(target: bytes, api_url: str, prefix: str) -> bytes:
    """The address with what carries the credential between the API base and the tool's path."""
    base = urlsplit(api_url).path.encode()
    return base + prefix.encode() + target.removeprefix(base)


def onward(headers: Headers, proxy: Proxy, defaults: Iterable[tuple[str, str]], credential: str) -> Headers:
    """A tool's headers as the provider gets them, with the credential where the catalogue says."""
    sent = list(end_to_end(headers, TO_US | {proxy.header.lower().encode()} if proxy.header else TO_US))
    said = {name for name, _ in sent}
    sent += [(name.encode(), value.encode()) for name, value in defaults if name.lower().encode() not in said]
    if proxy.header:
        sent.append((proxy.header.encode(), proxy.value(credential).encode()))
    return sent


def back(headers: Headers, status: int, credential: str) -> Headers:
    """A provider's headers as the tool gets them."""
    dropped = ABOUT_THE_HOST | ({b"content-length"} if status in {204, 304} else set())
    # One that quotes our request, a redirect with the query for instance, would hand the credential out.
    secrets = {credential.encode(), quote(credential, safe="").encode()}
    for name, value in end_to_end(headers, dropped):
        if not UNSENDABLE.search(value) and not any(secret in value for secret in secrets):
            yield name, value
    yield VARY


def end_to_end(headers: Headers, dropped: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Those that are not about one hop, nor in `dropped`, nor ours; names in lower case, as ASGI wants them."""
    lowered = [(name.lower(), value) for name, value in headers]
    named = {option.strip().lower() for name, value in lowered if name == b"connection" for option in value.split(b",")}
    gone = HOP_BY_HOP | named | set(dropped)
    return ((name, value) for name, value in lowered if name not in gone and not name.startswith(OURS))


def _refuse_ways_out(path: str) -> None:
    """Refuse `..`, absolute addresses and the like, also where they show only after decoding several times."""
    for _ in range(ROUNDS):
        # Segments may have parameters (`..;a`), which some servers cut off before they look.
        dots = any(segment.partition(";")[0] in {".", ".."} for segment in path.split("/"))
        if dots or UNSAFE.search(path) or ELSEWHERE.match(path):
            raise _bad("Send a plain path below the provider's API: no `..`, backslash or address of another host.")
        decoded = unquote(path, "latin-1")
        if decoded == path:
            return
        path = decoded
    raise _bad("It is percent-encoded too many times over.")


def _is_below(api_url: str, path: str) -> bool:
    """Whether the address that comes out has the API base's scheme, host and port, and a path below its path."""
    base = urlsplit(api_url)
    whole = urlsplit(f"{base.scheme}://{base.netloc}{path}")
    inside, seen = base.path.rstrip("/"), posixpath.normpath(unquote(whole.path))
    return whole[:2] == base[:2] and (seen == (inside or "/") or seen.startswith(f"{inside}/"))


def _bad(why: str) -> ApiError:
    return ApiError("validation_failed", f"This path can't be sent to the provider. {why}")
