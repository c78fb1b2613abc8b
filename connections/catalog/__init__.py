"""The providers. Each file of this folder without a leading underscore is one; nothing else registers it."""

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

from connections.catalog._types import (
    Account,
    Api,
    ApiKey,
    EnvVar,
    KeyField,
    OAuth2,
    Provider,
    Proxy,
    Scope,
    TokenAnswer,
    Waiver,
)

__all__ = ["Account", "Api", "ApiKey", "CatalogueError", "EnvVar", "KeyField", "OAuth2", "Provider", "Proxy", "Scope"]
__all__ += ["TokenAnswer", "Waiver", "all_providers", "get", "load"]

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


class CatalogueError(Exception):
    """A provider's file is not as it must be; says which file and what to change."""


@cache
def all_providers() -> Mapping[str, Provider]:
    """slug → provider, ordered by name. Raises `CatalogueError` for the first unsound file."""
    return load(list(__path__), __name__)


def get(slug: str) -> Provider:
    """The provider of that slug; KeyError where there is none."""
    return all_providers()[slug]


def load(paths: list[str], package: str) -> dict[str, Provider]:
    """Read every provider file under `paths`, which are the folders of `package`."""
    names = sorted(module.name for module in pkgutil.iter_modules(paths) if not module.name.startswith("_"))
    providers = [_read(f"{package}.{name}", name.replace("_", "-")) for name in names]
    return {provider.slug: provider for provider in sorted(providers, key=lambda provider: provider.name.lower())}


def _read(module_name: str, slug: str) -> Provider:
    module = importlib.import_module(module_name)
    found = getattr(module, "provider", None)
    where = module.__file__ or module_name
    if not isinstance(found, Provider):
        raise CatalogueError(f"{where}: define `provider = Provider(…)` at the top level.")
    problems = [*_problems(found, slug)]
    if problems:
        raise CatalogueError(f"{where}: " + " ".join(problems))
    return found


def _problems(provider: Provider, slug: str) -> list[str]:
    """Everything wrong with a data sheet, each as a sentence that says what to change."""
    found = []
    if provider.slug != slug or not SLUG.match(slug):
        found.append(f"The slug must be the file's name, {slug!r}, in lower-case letters, digits and hyphens.")
    if not COLOUR.match(provider.brand_color):
        found.append("brand_color must look like #1a2b3c.")
    if not provider.auth:
        found.append("auth must name at least one way to connect.")
    found += [f"env: {var.name!r} must be upper case." for var in provider.env if not VARIABLE.match(var.name)]
    addresses = [provider.api_url, provider.docs_url, provider.key.keys_url if provider.key else ""]
    if oauth := provider.oauth:
        addresses += [oauth.authorize_url, oauth.token_url, oauth.refresh_url or "", oauth.revoke_url or ""]
    found += [f"{url!r} must be an https address." for url in addresses if url and urlsplit(url).scheme != "https"]
    return found + _problems_of_key(provider) + _problems_of_proxy(provider)


def _problems_of_key(provider: Provider) -> list[str]:
    """Fields have names of their own, and variables take what there is."""
    found, key = [], provider.key
    names = [*(field.name for field in key.fields), *key.made] if key else []
    if len(set(names)) < len(names) or not all(FIELD.match(name) for name in names):
        found.append("auth: fields and made secrets need names of their own: lower-case letters, digits, underscores.")
    if key and not (key.fields and key.token.secret):
        found.append("auth: the first field is the token, and that is secret.")
    return found + [f"env: nothing is called {var.source!r}." for var in provider.env if not _is_known(var, key)]


def _is_known(var: EnvVar, key: ApiKey | None) -> bool:
    secret = [field.name for field in key.fields[1:] if field.secret] + [*key.made] if key else []
    known = {"access_token", "account_id", *(f"secrets.{name}" for name in secret)}
    return var.source in known or var.source.startswith("metadata.")


def _problems_of_proxy(provider: Provider) -> list[str]:
    """A base that is more than an address and a path would say something else once a tool's path is put behind it."""
    proxy, base, found = provider.proxy, urlsplit(provider.api_url), []
    if proxy is None:
        return []
    if not base.hostname or base.username or base.query or base.fragment:
        found.append("proxy: api_url must be a host and a path.")
    if [proxy.header, proxy.query, proxy.path].count(None) != 2:
        found.append("proxy: name either the header or the query parameter or the path that carries the credential.")
    if proxy.header and not CREDENTIAL_HEADER.match(proxy.header):
        found.append(f"proxy: {proxy.header!r} is no header for a credential.")
    if proxy.query and not PARAMETER.match(proxy.query):
        found.append(f"proxy: {proxy.query!r} is no plain name of a parameter.")
    if proxy.path and not PREFIX.match(proxy.path):
        found.append(f"proxy: {proxy.path!r} must begin with a slash and hold the credential's place, {{}}, once.")
    return found
