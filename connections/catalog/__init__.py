"""The providers. Each file of this folder without a leading underscore is one; nothing else registers it."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from connections.catalog._soundness import problems
from connections.catalog._types import (
    Account,
    Api,
    ApiKey,
    Ask,
    Brokered,
    DeployHook,
    EnvVar,
    InBand,
    InboundSecret,
    KeyField,
    OAuth2,
    Place,
    Places,
    Provider,
    Proxy,
    Revocation,
    Scope,
    Swap,
    TokenAnswer,
    Waiver,
    Webhook,
)

__all__ = ["Account", "Api", "ApiKey", "Ask", "Brokered", "CatalogueError", "EnvVar", "InBand", "KeyField", "OAuth2"]
__all__ += ["Place", "Places", "Provider", "Proxy", "Revocation", "Scope", "Swap", "TokenAnswer", "Waiver"]
__all__ += ["DeployHook", "InboundSecret", "Webhook", "all_providers", "deploy_hooks", "get", "load"]


class CatalogueError(Exception):
    """A provider's file is not as it must be; says which file and what to change."""


@cache
def all_providers() -> Mapping[str, Provider]:
    """slug → provider, ordered by name. Raises `CatalogueError` for the first unsound file."""
    return load(list(__path__), __name__)


def get(slug: str) -> Provider:
    """The provider of that slug; KeyError where there is none."""
    return all_providers()[slug]


def deploy_hooks() -> Mapping[str, tuple[Provider, DeployHook]]:
    """name → whose it is, and what it does."""
    return {hook.name: (provider, hook) for provider in all_providers().values() for hook in provider.deploy_hooks}


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
    if wrong := problems(found, slug):
        raise CatalogueError(f"{where}: " + " ".join(wrong))
    return found
