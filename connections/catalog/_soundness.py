"""What must hold of every data sheet; each problem is a sentence that says what to change."""

import re
from collections.abc import Iterator
from string import Formatter
from urllib.parse import urlsplit

from connections.catalog._types import Ask, EnvVar, OAuth2, Provider

SLUG = re.compile(r"^[a-z0-9][a-z0-9-]{0,38}$")
COLOUR = re.compile(r"^#[0-9a-f]{6}$")
VARIABLE = re.compile(r"^[A-Z][A-Z0-9_]*$")
# A header of its own, not one that frames the message or says where it goes.
CREDENTIAL_HEADER = re.compile(
    r"^(?!(?:host|connection|cookie|content-.*|transfer-encoding)$)[a-z0-9-]+$", re.IGNORECASE
)
PARAMETER = re.compile(r"^[A-Za-z0-9_.-]+$")
PREFIX = re.compile(r"^/[A-Za-z0-9_./-]*\{\}[A-Za-z0-9_./-]*$")
FIELD = re.compile(r"^[a-z][a-z0-9_]*$")
# The end of a host name that is somebody's for certain: two labels at least, written out.
DOMAIN = re.compile(r"^(\.[a-z0-9-]+){2,}$")
TOOLKIT = re.compile(r"^[a-z0-9][a-z0-9_-]*$")
OF_A_REVOCATION = {"client_id", "token", "account_id"}


def problems(provider: Provider, slug: str) -> list[str]:
    """Everything wrong with a data sheet whose file says `slug`."""
    rules = (_of_addresses, _of_asks, _of_oauth, _of_the_broker, _of_the_key, _of_the_proxy, _of_the_webhook)
    return [*_of_the_sheet(provider, slug), *(sentence for rule in rules for sentence in rule(provider))]


def _of_the_sheet(provider: Provider, slug: str) -> Iterator[str]:
    if provider.slug != slug or not SLUG.match(slug):
        yield f"The slug must be the file's name, {slug!r}, in lower-case letters, digits and hyphens."
    if not COLOUR.match(provider.brand_color):
        yield "brand_color must look like #1a2b3c."
    if not provider.auth:
        yield "auth must name at least one way to connect."
    for var in provider.env:
        if not VARIABLE.match(var.name):
            yield f"env: {var.name!r} must be upper case."
        if not _is_known(var, provider):
            yield f"env: nothing is called {var.source!r}."


def _is_known(var: EnvVar, provider: Provider) -> bool:
    known = {"access_token", "account_id", *(f"secrets.{name}" for name in _further_secrets(provider))}
    return var.source in known or var.source.startswith(("metadata.", "context."))


def _further_secrets(provider: Provider) -> set[str]:
    """Names of what is kept beside the token: pasted with it, made here, or pasted alone to verify webhooks with."""
    key, inbound = provider.key, provider.inbound and provider.webhook
    beside = {*(field.name for field in key.fields[1:] if field.secret), *key.made} if key else set()
    return beside | ({inbound.secret} if inbound else set())


def _of_addresses(provider: Provider) -> Iterator[str]:
    """Encrypted all the way, and with our client's secret to the provider's own hosts only."""
    asked = {ask.name for ask in provider.asks}
    addresses = [(provider.docs_url, set[str]()), (provider.key.keys_url if provider.key else "", set[str]())]
    addresses.append((provider.inbound.setup_url if provider.inbound else "", set[str]()))
    addresses += [(provider.oauth.register_url, set[str]())] if provider.oauth else []
    addresses += [(provider.account_url, asked), *((url, asked) for url in _urls(provider.oauth))]
    if provider.oauth and provider.oauth.revoke:
        addresses.append((provider.oauth.revoke.url, asked | OF_A_REVOCATION))
    for url, known in addresses:
        if url:
            yield from _of_one(url, known)
            if not _ends_in_a_domain(url):
                yield f"{url!r} must end its host with the provider's own domain, written out."
    yield from _of_the_api(provider, asked)


def _of_the_api(provider: Provider, asked: set[str]) -> Iterator[str]:
    url, of_context = provider.api_url, _placeholders(provider.api_url) - asked
    yield from _of_one(url, asked | of_context)
    if of_context and not provider.account_url:
        yield "account_url must say where to ask, since the context that api_url needs is not known by then."
    if not _ends_in_a_domain(url) and not provider.api_hosts:
        yield "api_hosts must name the domains that the host of api_url may be of."
    if not all(DOMAIN.match(end) for end in provider.api_hosts):
        yield "api_hosts must look like .example.com."


def _of_one(url: str, known: set[str]) -> Iterator[str]:
    if urlsplit(url).scheme != "https":
        yield f"{url!r} must be an https address."
    for name in sorted(_placeholders(url) - known):
        yield f"{url!r}: nothing is asked that is called {name!r}."


def _urls(oauth: OAuth2 | None) -> list[str]:
    if oauth is None:
        return []
    swaps = [swap.url for swap in (oauth.lengthen, oauth.renew) if swap]
    return [oauth.authorize_url, oauth.token_url, oauth.refresh_url or "", *swaps]


def _placeholders(url: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(url) if name is not None}


def _ends_in_a_domain(url: str) -> bool:
    _, found, end = urlsplit(url).netloc.rpartition("}")
    return not found or bool(DOMAIN.match(end))


def _of_asks(provider: Provider) -> Iterator[str]:
    names = [ask.name for ask in provider.asks]
    taken = {*(field.name for field in provider.key.fields), *provider.key.made} if provider.key else set()
    if len(set(names)) < len(names) or taken & set(names) or not all(FIELD.match(name) for name in names):
        yield "asks: each needs a name of its own: lower-case letters, digits, underscores."
    for ask in provider.asks:
        if not _takes_its_default(ask):
            yield f"asks: the pattern of {ask.name!r} must be a regular expression that its default fits."


def _takes_its_default(ask: Ask) -> bool:
    try:
        return not ask.default or re.fullmatch(ask.pattern, ask.default) is not None
    except re.error:
        return False


def _of_oauth(provider: Provider) -> Iterator[str]:
    oauth = provider.oauth
    if oauth is None:
        return
    names = [*(scope.name for scope in oauth.scopes), *oauth.fixed_scopes]
    if len(set(names)) < len(names):
        yield "auth: a scope is asked for twice."
    if oauth.refresh_margin < 60:
        yield "auth: refresh_margin must be sixty seconds at least."
    if oauth.renew and oauth.refresh_url:
        yield "auth: a token is renewed with itself (renew) or with another (refresh_url), not both."


def _of_the_broker(provider: Provider) -> Iterator[str]:
    """Nobody is asked anything by us on the way to Composio, and its calls go to an address that is known."""
    if provider.broker is None:
        return
    if not TOOLKIT.match(provider.broker.toolkit):
        yield "auth: toolkit must be the name at Composio: lower-case letters, digits, underscores, hyphens."
    if provider.asks or _placeholders(provider.account_url or provider.api_url):
        yield "auth: what needs asks or placeholders in its address can't be connected by way of Composio."


def _of_the_key(provider: Provider) -> Iterator[str]:
    """Fields have names of their own, and variables take what there is."""
    key = provider.key
    names = [*(field.name for field in key.fields), *key.made] if key else []
    if len(set(names)) < len(names) or not all(FIELD.match(name) for name in names):
        yield "auth: fields and made secrets need names of their own: lower-case letters, digits, underscores."
    if key and not (key.fields and key.token.secret):
        yield "auth: the first field is the token, and that is secret."


def _of_the_proxy(provider: Provider) -> Iterator[str]:
    """A base that is more than an address and a path would say something else once a tool's path is put behind it."""
    proxy, base = provider.proxy, urlsplit(provider.api_url)
    if proxy is None:
        return
    if not base.hostname or base.username or base.query or base.fragment:
        yield "proxy: api_url must be a host and a path."
    if [proxy.header, proxy.query, proxy.path].count(None) != 2:
        yield "proxy: name either the header or the query parameter or the path that carries the credential."
    if proxy.header and not CREDENTIAL_HEADER.match(proxy.header):
        yield f"proxy: {proxy.header!r} is no header for a credential."
    if proxy.query and not PARAMETER.match(proxy.query):
        yield f"proxy: {proxy.query!r} is no plain name of a parameter."
    if proxy.path and not PREFIX.match(proxy.path):
        yield f"proxy: {proxy.path!r} must begin with a slash and hold the credential's place, {{}}, once."


def _of_the_webhook(provider: Provider) -> Iterator[str]:
    """What is verified needs a secret that somebody has."""
    webhook = provider.webhook
    if webhook is None:
        if provider.inbound or provider.deploy_hooks:
            yield "webhook: say how what the provider sends is verified."
    elif webhook.secret not in _further_secrets(provider):
        yield f"webhook: no connection has a secret called {webhook.secret!r}."
