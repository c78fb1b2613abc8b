"""Actions of a broker's toolkits, done with the tenant's connection (contract section 6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vendo._account import Account, AccountSource
from vendo._answers import refusal, unreadable, value_of
from vendo._fields import mapping, maybe_text
from vendo._flow import Flow, perform, run, run_async
from vendo._http import Response, Send, Unreachable
from vendo._slugs import is_slug
from vendo.errors import NotConnected, RateLimited, UpstreamError, ValidationError, VendoError

# An action may take its time at the provider. It is not repeated: it may have happened.
ACTION_SECONDS = 120.0


def execute(account: Account, action_id: str, args: Mapping[str, Any] | None) -> Flow[Any]:
    account.needs_dashboard("data.execute")
    body = _written(action_id, args)
    headers = {"Content-Type": "application/json"}
    request = account.request(account.settings.data_proxy_url, "v1/execute", headers=headers, method="POST", body=body)
    answer = yield from perform(Send(account.network.send, request, ACTION_SECONDS))
    value = _value(account, answer)
    if not isinstance(value, dict) or "data" not in value:
        raise unreadable(None)
    return value["data"]


def _written(action_id: str, args: Mapping[str, Any] | None) -> bytes:
    if not action_id:
        raise ValidationError("An action is named by its id, like 'GITHUB_CREATE_AN_ISSUE'.")
    try:
        return json.dumps({"action_id": action_id, "args": dict(args or {})}).encode()
    except (TypeError, ValueError):
        # Not chained: the complaint may quote the value.
        raise ValidationError("The arguments of an action are names and JSON values.") from None


def _value(account: Account, answer: Response | Unreachable) -> object:
    secrets = account.settings.secrets
    if not isinstance(answer, Response) or 200 <= answer.status < 300 or "vendo-error-code" in answer.headers:
        try:
            return value_of(answer, slug=None, secrets=secrets)
        except VendoError as error:
            account.learn_from(error)
            raise
    raise _brokers(answer, secrets)


def _brokers(answer: Response, secrets: tuple[str, ...]) -> VendoError:
    """An error without our code is the broker's, passed on: `{"error": "<text>"}` with the broker's status."""
    plain = refusal(answer, slug=None, secrets=secrets)
    toolkit = maybe_text(mapping(answer.json()).get("toolkit"))
    if answer.status == 403 and plain.message == "binding_missing":
        slug = toolkit if is_slug(toolkit) else None
        message = f"Nothing is connected for {slug or 'this action'}."
        return NotConnected(message, status=403, slug=slug, suggested_fix="Show connect_url(slug) and connect it.")
    kind = {400: ValidationError, 404: ValidationError, 422: ValidationError, 429: RateLimited}
    return kind.get(answer.status, UpstreamError)(
        plain.message, code=None, status=answer.status, retry_after=plain.retry_after
    )


class Data:
    """`vendo.data`, and `data` of a `Vendo`."""

    def __init__(self, source: AccountSource) -> None:
        self._source = source

    def execute(self, action_id: str, args: Mapping[str, Any] | None = None) -> Any:
        """Do an action with the tenant's connection; returns the action's own result. It is never repeated.

        Raises `NotConnected` where its toolkit is not connected (`slug` names it), `ValidationError` for arguments
        that the action does not take, `UpstreamError` where it failed, `VendoOnlyFeature` in OSS mode.
        """
        return run(execute(self._source(), action_id, args))


class AsyncData:
    """`Data`, to be awaited."""

    def __init__(self, source: AccountSource) -> None:
        self._source = source

    async def execute(self, action_id: str, args: Mapping[str, Any] | None = None) -> Any:
        """See `Data.execute`."""
        return await run_async(execute(self._source(), action_id, args))
