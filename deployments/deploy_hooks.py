"""What a release wants done at a provider once its tool runs (`deployHooks.afterDeploy`); the data sheets say how.

A deploy does it in its step `run_deploy_hooks`. When an account is changed later, a worker follows as well as it can:
`settle` points the provider at us for a tool that wants that, and away from us where no tool uses the account.
"""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction

from connections import catalog, inbound, variables
from connections.catalog import Api, DeployHook, Provider
from connections.credentials import fresh_token
from connections.errors import CredentialError, NeedsReauth
from connections.models import Connection
from connections.provider_api import ProviderApi
from connections.vault import VaultError
from deployments import deliveries
from deployments.activity import note
from deployments.manifest import published
from deployments.models import App, Deployment

logger = logging.getLogger(__name__)


class HookFailed(Exception):
    """Says what happened and what to do. `slug` is the integration to connect anew, where that is the remedy."""

    def __init__(self, message: str, remedy: str, slug: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy, self.slug = message, remedy, slug


def check(name: str, chosen: Mapping[str, Connection]) -> None:
    """Raise `HookFailed` where it is clear beforehand that the hook can't be run. `chosen`: slug → connection."""
    provider, _ = _known(name)
    if connection := chosen.get(provider.slug):
        _refuse_plain(connection)


def run(app: App, name: str) -> str:
    """Do what the hook is for, with the account that the app uses; returns what that came to. Raises `HookFailed`."""
    provider, hook = _known(name)
    connection = _connection(app, provider)
    if connection is None:
        return f"{provider.name} is not connected, so {name} had nothing to do."
    _do(connection, hook)
    return hook.done


def end(deployment: Deployment, name: str) -> None:
    """Undo what a former release of the deployment wanted. What does not work is noted and left at that."""
    try:
        provider, hook = _known(name)
        if connection := _connection(deployment.app, provider):
            _undo(connection, hook)
    except HookFailed as failure:
        _note([deployment], name, failure)


def settle_later(connection: Connection) -> None:
    """Have a worker `settle`, once the present transaction has committed."""
    if connection.integration.provider.deploy_hooks:
        transaction.on_commit(partial(_enqueue, connection.pk), robust=True)


def settle(connection_id: UUID) -> None:
    """Bring the provider in step with who uses the connection now. What does not work is noted and left at that."""
    rows = Connection.everyone.filter(pk=connection_id, status__in=Connection.LIVE)
    connection = rows.select_related("integration").first()
    if connection is None:
        return
    users = deliveries.bound(connection)
    for hook in connection.integration.provider.deploy_hooks:
        wanting = [user for user in users if hook.name in published(user.release).hooks]
        try:
            if not users:
                _undo(connection, hook)
            elif any(user.reachable for user in wanting):  # the others run it when they are deployed
                _do(connection, hook)
        except HookFailed as failure:
            _note(wanting, hook.name, failure)


def _known(name: str) -> tuple[Provider, DeployHook]:
    found = catalog.deploy_hooks().get(name)
    if found is None:
        raise HookFailed(f"This dashboard knows no hook {name}.", "Ask an operator to publish the tool without it.")
    return found


def _connection(app: App, provider: Provider) -> Connection | None:
    rows = Connection.everyone.filter(bindings__app=app, integration=provider.slug)
    found: Connection | None = rows.select_related("integration").first()
    return found


def _do(connection: Connection, hook: DeployHook) -> None:
    provider = connection.integration.provider
    assert provider.webhook is not None
    _refuse_plain(connection)
    secret = _secrets(connection).get(provider.webhook.secret)
    if not secret:
        message = f"{connection.display_name} has no secret to verify {provider.name}'s messages with."
        raise HookFailed(message, f"Connect {provider.name} anew, then retry.", connection.integration_id)
    _call(connection, hook, lambda api: hook.do(api, inbound.address(connection.external_id), secret))


def _undo(connection: Connection, hook: DeployHook) -> None:
    _call(connection, hook, lambda api: hook.undo(api, inbound.address(connection.external_id)))


def _call(connection: Connection, hook: DeployHook, work: Callable[[Api], None]) -> None:
    """Ask the provider, as the connected account. Raises `HookFailed`."""
    slug, name = connection.integration_id, connection.integration.provider.name
    try:
        token = fresh_token(connection)
        with ProviderApi(connection.integration, token.access_token, connection.facts) as api:
            work(api)
    except NeedsReauth as error:
        raise HookFailed(error.message, f"Connect {name} anew, then retry.", slug) from None
    except CredentialError as error:
        raise HookFailed(f"{name} could not be pointed at the tool. {error.message}", hook.remedy) from None
    except VaultError:
        raise _sealed(connection) from None
    except (KeyError, TypeError, ValueError):
        raise HookFailed(f"{name} gave an answer that can't be read.", "Retry in a minute.") from None


def _secrets(connection: Connection) -> Mapping[str, str]:
    try:
        return variables.further_secrets(connection)
    except VaultError:
        raise _sealed(connection) from None


def _sealed(connection: Connection) -> HookFailed:
    name = connection.integration.provider.name
    message = f"The secrets of {connection.display_name} do not open."
    return HookFailed(message, f"Connect {name} anew, then retry.", connection.integration_id)


def _refuse_plain(connection: Connection) -> None:
    """A real provider sends over https. A look-alike on this machine takes any address."""
    if urlsplit(settings.BASE_URL).scheme != "https" and urlsplit(connection.api_url).scheme == "https":
        name = connection.integration.provider.name
        message = f"{name} sends to https addresses only, and this dashboard's is {settings.BASE_URL}."
        raise HookFailed(message, "Ask an operator to set VENDO_BASE_URL to a public https address, then retry.")


def _note(deployments: list[Deployment], name: str, failure: HookFailed) -> None:
    logger.warning("The hook %s failed: %s", name, failure.message)
    for deployment in deployments:
        note(deployment, f"could not run {name}", detail=failure.message)


def _enqueue(connection_id: UUID) -> None:
    # Tasks run steps, and steps run hooks: this arrow points back.
    from deployments import tasks  # noqa: PLC0415

    tasks.settle_hooks.enqueue(str(connection_id))
