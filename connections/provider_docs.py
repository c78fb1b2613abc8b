"""The documentation of the providers, written from their data sheets: a page for each, and the table of all."""

import sys
from collections.abc import Iterable, Iterator
from textwrap import fill

from connections import provider_snippets
from connections.catalog import EnvVar, OAuth2, Provider, all_providers

COLUMNS = 120
DAY, HOUR, MINUTE = 86_400, 3600, 60  # seconds
WAYS = {
    "oauth_app_install": "by installing an app in their account at the provider",
    "user_oauth": "by signing in at the provider",
    "byok_static": "by pasting a key",
    "composio_managed": "by signing in by way of Composio",
    "webhook_inbound": "by pasting a signing secret",
}


def pages() -> dict[str, str]:
    """file name → text, for everything in docs/integrations."""
    return {"index.md": _index()} | {f"{slug}.md": _page(provider) for slug, provider in all_providers().items()}


def _index() -> str:
    head = ("provider", "slug", "how people connect", "the token", "context", "environment")
    return _joined(
        "# Integrations",
        "What can be connected, and what a tool gets of it. A tool names those it needs in `vendo.yaml`, by their "
        "slugs. Each is a file in `connections/catalog/`, and `manage.py provider_docs` writes these pages from it.",
        _table(head, [_row(provider) for provider in all_providers().values()]),
        "People connect",
        "\n".join(f"- `{profile}`: {way}" for profile, way in WAYS.items()),
    )


def _row(provider: Provider) -> tuple[str, ...]:
    return (
        f"[{provider.name}]({provider.slug}.md)",
        f"`{provider.slug}`",
        _codes(provider.profiles),
        _renewal(provider),
        _codes(provider.context) or "none",
        _codes(var.name for var in provider.env) or "none",
    )


def _page(provider: Provider) -> str:
    sections = (_connecting, _token, _what_a_tool_finds, _code, _inbound, _registration)
    return _joined(
        f"# {provider.name}",
        f"{provider.summary} [{provider.name}'s own documentation]({provider.docs_url})",
        *_footnotes(provider),
        *(part for section in sections for part in section(provider)),
        f"[All integrations](index.md). This page is written from `connections/catalog/{_module(provider)}.py`.",
    )


def _footnotes(provider: Provider) -> list[str]:
    """The file's own docstring, a paragraph each."""
    text = sys.modules[f"connections.catalog.{_module(provider)}"].__doc__ or ""
    return [" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n")]


def _connecting(provider: Provider) -> Iterator[str]:
    yield "## Connecting"
    ways = [f"{WAYS[profile]} (`{profile}`)" for profile in provider.profiles]
    yield f"People connect {', or '.join(ways)}."
    if provider.key:
        yield f"{provider.key.how} [Open that page]({provider.key.keys_url})."
    if provider.inbound:
        yield f"{provider.inbound.how} [Open that page]({provider.inbound.setup_url})."
    for ask in provider.asks:
        behind = f" It is written before `{ask.suffix}`." if ask.suffix else ""
        yield f"Asked beforehand, *{ask.label}*: {ask.looks}.{behind}"
    if provider.places:
        noun = provider.places.noun
        yield f"A connection is for one {noun}; where there are several, people choose. Each can be connected."
    if provider.exclusive:
        yield "One tool at a time can use a connection."
    if provider.broker:
        name = provider.broker.toolkit
        yield f"Which of the ways is open, an operator decides; at [Composio](../operating.md#composio) it is `{name}`."


def _token(provider: Provider) -> Iterator[str]:
    if _has_token(provider):
        yield "## The token"
    if provider.oauth:
        yield " ".join(_of_oauth(provider, provider.oauth))
    if provider.key:
        noun = provider.key.token.noun
        yield f"The {noun} is tried before it is stored, and does not expire. Disconnecting erases it here alone."


def _of_oauth(provider: Provider, oauth: OAuth2) -> Iterator[str]:
    if oauth.renew:
        yield f"A token lives {_life(oauth)} and is renewed with itself, after two thirds of them at the latest,"
        yield "whether a tool asks or not."
    elif oauth.lifetime:
        yield f"A token lives {_life(oauth)}. Tools are given none that ends within {duration(oauth.refresh_margin)}."
    else:
        yield "A token does not expire."
    if oauth.idle_days and oauth.lifetime and not oauth.renew:
        yield f"What renews it would die after {oauth.idle_days} days of disuse: it is used after two thirds of them,"
        yield "whether a tool asks or not."
    if oauth.revoke:
        yield f"Disconnecting gives it up at {provider.name}."
    else:
        yield f"{provider.name} has no address at which it is given up; people can remove the app in their settings."


def _what_a_tool_finds(provider: Provider) -> Iterator[str]:
    yield "## What a tool finds"
    if provider.context:
        yield "In the connection's `context`:"
        yield _table(("key", "what it is"), [(f"`{key}`", words) for key, words in provider.context.items()])
    if provider.env:
        yield "In its environment:"
        yield _table(("variable", "value"), [(f"`{var.name}`", _source(provider, var)) for var in provider.env])
    else:
        yield "Nothing in its environment, where a token that ends would soon be stale."


def _source(provider: Provider, var: EnvVar) -> str:
    kind, _, name = var.source.partition(".")
    if kind == "access_token":
        return f"the {provider.key.token.noun}" if provider.key else "the token"
    if kind == "account_id":
        return f"the account's id at {provider.name}"
    if kind == "secrets":
        beside = {field.name: field.noun for field in provider.key.fields} if provider.key else {}
        return f"the {beside.get(name) or name.replace('_', ' ')}"
    return f"`{name}` of the connection's {kind}"


def _code(provider: Provider) -> Iterator[str]:
    if not _has_token(provider):
        return
    yield "## In code"
    yield "Python, with [our package](../sdk.md):"
    yield f"```python\n{provider_snippets.python(provider)}\n```"
    yield "TypeScript, over [HTTP](../http-api.md):"
    yield f"```typescript\n{provider_snippets.typescript(provider)}\n```"
    if provider.proxy:
        yield (
            f"Or without the token: what is sent to `<VENDO_BASE_URL>/proxy/{provider.slug}/…` goes to "
            f"`{provider.api_url}/…` with it ([proxy](../http-api.md#proxy))."
        )


def _inbound(provider: Provider) -> Iterator[str]:
    if provider.webhook:
        yield f"## What {provider.name} sends"
        yield (
            "Its webhooks come to `<VENDO_BASE_URL>/hooks/<external id of the connection>`. They are verified, and go "
            "on to the tool signed by us ([being called](../sdk.md#being-called))."
        )
    for hook in provider.deploy_hooks:
        yield f"`{hook.name}` among `deployHooks.afterDeploy` of `template.json`: {hook.done}"


def _registration(provider: Provider) -> Iterator[str]:
    oauth = provider.oauth
    if oauth is None:
        return
    callback = f"/api/oauth/{provider.slug}/callback"
    yield "## For operators"
    yield f"{oauth.register} It is done at <{oauth.register_url}>."
    yield f"The callback address is exactly `<VENDO_BASE_URL>{callback}`, such as"
    yield f"    https://vendo.example.org{callback}"
    yield f"Enter the client's id and secret in `/admin`, under *Integrations*, *{provider.name}*."
    if oauth.scopes:
        yield "The permissions that people are asked for:"
        yield _table(("name", "meaning"), [(f"`{scope.name}`", scope.meaning) for scope in oauth.scopes])
    if oauth.fixed_scopes:
        yield f"And, for the connection itself: {_codes(oauth.fixed_scopes)}."
    if oauth.pkce != "S256":
        yield f"Without PKCE. {oauth.pkce.reason} ([source]({oauth.pkce.source}), read on {oauth.pkce.checked}.)"


def _has_token(provider: Provider) -> bool:
    """Whether there is more to it than a signing secret."""
    return bool(provider.oauth or provider.key or provider.broker)


def _life(oauth: OAuth2) -> str:
    """How long a token lives; "" where it does not expire."""
    if oauth.renew and oauth.idle_days:
        return duration(oauth.idle_days * DAY)
    return duration(oauth.lifetime) if oauth.lifetime else ""


def _renewal(provider: Provider) -> str:
    """The same, as the table has it."""
    life = _life(provider.oauth) if provider.oauth else ""
    return f"lives {life}, is renewed" if life else "does not expire"


def duration(seconds: int) -> str:
    """In the largest unit that leaves nothing over: `4 hours`, `a day`."""
    unit, one, many = next(
        (size, one, many)
        for size, one, many in (
            (DAY, "a day", "days"),
            (HOUR, "an hour", "hours"),
            (MINUTE, "a minute", "minutes"),
            (1, "a second", "seconds"),
        )
        if seconds % size == 0
    )
    return one if seconds == unit else f"{seconds // unit} {many}"


def _module(provider: Provider) -> str:
    return provider.slug.replace("-", "_")


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def _joined(*parts: str) -> str:
    """Blocks with an empty line between them; running text in lines of `COLUMNS`."""
    return "\n\n".join(part if _is_laid_out(part) else _filled(part) for part in parts) + "\n"


def _filled(text: str) -> str:
    """Addresses and code stay in one piece."""
    return fill(text, COLUMNS, break_long_words=False, break_on_hyphens=False)


def _is_laid_out(part: str) -> bool:
    return part.startswith(("|", "```", "- ", "    "))
