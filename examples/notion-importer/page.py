"""The page. All that is not `Markup` is escaped on its way in, so nothing an API says can become HTML."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from apis import DRIVE, NOTION, Database, File, Listing, NeedsConnection, Outcome, Service, Trouble
from settings import Settings


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def markup(template: str, *values: object, **named: object) -> Markup:
    """`template` with its `{}` filled in; whatever is not `Markup` is escaped."""
    return Markup(template.format(*map(_safe, values), **{name: _safe(value) for name, value in named.items()}))


def _safe(value: object) -> str:
    return value if isinstance(value, Markup) else escape(str(value))


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup("".join(parts))


NOTHING = Markup("")


@dataclass(frozen=True, slots=True)
class Notice:
    """A line at the top of the page, about the connect that the browser just came back from."""

    tone: str
    text: str


@dataclass(frozen=True, slots=True)
class Section[Item]:
    """What a provider said, and where its account can be connected or changed (None without a dashboard)."""

    outcome: Outcome[Item]
    connect_link: str | None = None


_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="static/style.css">
<script src="static/connect.js" type="module"></script>
</head>
<body>
<header class="top">
<img class="top-mark" src="static/icon.svg" alt="" width="36" height="36">
<div class="top-words"><h1>{title}</h1>{note}</div>
<a class="button button--quiet button--small" href="./">Refresh</a>
</header>
<main>
{notice}{sections}
</main>
<footer><p>The same list for programs: <a class="link" href="api/databases">/api/databases</a></p></footer>
</body>
</html>
"""


def home(settings: Settings, databases: Section[Database], files: Section[File], notice: Notice | None) -> str:
    """The whole page. Notion is what it is for; the Drive stays in the background."""
    return markup(
        _DOCUMENT,
        title=settings.title,
        note=markup('<p class="note">{}</p>', settings.note) if settings.note else NOTHING,
        notice=_notice(notice) if notice else NOTHING,
        sections=_joined((_databases(databases), _files(files))),
    )


def failure(settings: Settings, title: str, advice: str) -> str:
    """A page for what has no other: a wrong address, a fault of our own."""
    card = markup(
        '<section class="card"><div class="message"><h2>{}</h2><p>{}</p>'
        '<p class="choices"><a class="button" href="/">Go to the databases</a></p></div></section>',
        title,
        advice,
    )
    # Relative addresses would lead astray from an unknown path.
    document = _DOCUMENT.replace('"static/', '"/static/').replace('"./"', '"/"').replace('"api/', '"/api/')
    return markup(document, title=settings.title, note=NOTHING, notice=NOTHING, sections=card)


def _notice(notice: Notice) -> Markup:
    return markup('<p class="notice" data-tone="{}" role="status">{}</p>\n', notice.tone, notice.text)


# --- sections ---------------------------------------------------------------------------------------------------------


def _section(identity: str, heading: str, aside: Markup, body: Markup, *, quiet: bool = False) -> Markup:
    return markup(
        '<section class="card{kind}" id="{identity}" aria-labelledby="{identity}-heading">'
        '<header class="card-top"><h2 id="{identity}-heading">{heading}</h2>{aside}</header>{body}</section>\n',
        kind=" card--quiet" if quiet else "",
        identity=identity,
        heading=heading,
        aside=aside,
        body=body,
    )


def _databases(section: Section[Database]) -> Markup:
    match section.outcome:
        case Listing(items=items) as listing:
            rows = _joined(_row(item.title, item.url, _database_icon(item), _edited(item.edited)) for item in items)
            empty = "No database is shared with this connection yet. Share one with it in Notion, then refresh."
            return _section("databases", "Databases", _aside(listing, section.connect_link), _list(rows, empty))
        case NeedsConnection() as missing:
            return _section("databases", "Databases", NOTHING, _needs(missing, section.connect_link))
        case Trouble() as trouble:
            return _section("databases", "Databases", NOTHING, _trouble(trouble, section.connect_link))


def _files(section: Section[File]) -> Markup:
    match section.outcome:
        case Listing(items=items) as listing:
            rows = _joined(_row(item.name, item.url, _file_icon(item), _file_facts(item)) for item in items)
            return _section(
                "files", "Google Drive", _aside(listing, section.connect_link), _list(rows, "There are no files yet.")
            )
        case NeedsConnection() as missing:
            return _section("files", "Google Drive", NOTHING, _invitation(missing, section.connect_link), quiet=True)
        case Trouble() as trouble:
            return _section("files", "Google Drive", NOTHING, _trouble(trouble, section.connect_link))


def _aside(listing: Listing[Database] | Listing[File], link: str | None) -> Markup:
    """How many there are, and the way to another account."""
    number = len(listing.items)
    words = f"the latest {number}" if listing.more else str(number)
    count = markup('<span class="count">{}</span>', words) if number else NOTHING
    return markup('{}<span class="spacer"></span>{}', count, _connect(listing.service, link, "Switch account", "link"))


def _list(rows: Markup, empty: str) -> Markup:
    return markup('<ul class="rows">{}</ul>', rows) if rows else markup('<p class="empty">{}</p>', empty)


def _row(title: str, url: str, icon: Markup, facts: Markup) -> Markup:
    words = markup('<span class="row-title">{}</span><span class="row-facts">{}</span>', title, facts)
    if not url:
        return markup('<li><span class="row">{}<span class="row-words">{}</span></span></li>', icon, words)
    # A link out of the page opens beside it, and tells the other side nothing about where it stood.
    return markup(
        '<li><a class="row" href="{}" target="_blank" rel="noopener noreferrer">'
        '{}<span class="row-words">{}</span>{}</a></li>',
        url,
        icon,
        words,
        _OUTWARD,
    )


# --- when there is nothing to list ------------------------------------------------------------------------------------


def _needs(missing: NeedsConnection, link: str | None) -> Markup:
    """The tool can't do without it: what is missing, and one clear button."""
    if link is None and missing.connect_url is None:
        return markup('<div class="message">{}<h3>Give this tool a Notion token</h3>{}</div>', _PLUG, _OWN_TOKEN)
    title = "Connect Notion again" if missing.again else "Connect Notion to begin"
    words = (
        "Notion has ended our access. Connect once more and your databases are back."
        if missing.again
        else "This page lists the databases of your Notion account. You choose which of them it may see."
    )
    button = _connect(NOTION, link or missing.connect_url, "Connect Notion", "button button--primary")
    return markup('<div class="message">{}<h3>{}</h3><p>{}</p>{}</div>', _PLUG, title, words, button)


_OWN_TOKEN = Markup(
    '<ol class="how"><li>Make an internal integration at <a href="https://www.notion.so/my-integrations" '
    'rel="noopener noreferrer">notion.so/my-integrations</a> and copy its secret.</li>'
    "<li>In Notion, open a database and add the integration to it in the ••• menu, under Connections.</li>"
    "<li>Put <code>NOTION_TOKEN=…</code> into <code>.env</code> beside <code>app.py</code> and start the tool "
    "again.</li></ol>"
)


def _invitation(missing: NeedsConnection, link: str | None) -> Markup:
    """Optional means: nobody is pushed."""
    button = _connect(DRIVE, link or missing.connect_url, "Connect Google Drive", "button")
    words = (
        "Google Drive has ended our access. Connect it again to see its newest files here."
        if missing.again
        else "Optional. Connect Google Drive to see its newest files here too."
    )
    if not button:
        words = "Optional. Set GOOGLEDRIVE_TOKEN in .env to see its newest files here too."
    return markup('<div class="invitation"><p>{}</p>{}</div>', words, button)


def _trouble(trouble: Trouble, link: str | None) -> Markup:
    actions = (
        [_connect(trouble.service, link, f"Connect {trouble.service.name}", "button button--primary")]
        if trouble.reconnect
        else []
    )
    actions.append(Markup('<a class="button" href="./">Try again</a>'))
    return markup(
        '<div class="message" data-tone="error" role="alert">{}<h3>{}</h3><p>{}</p><div class="choices">{}</div></div>',
        _ALARM,
        trouble.sentence,
        trouble.advice,
        _joined(actions),
    )


def _connect(service: Service, link: str | None, words: str, kind: str) -> Markup:
    """The button that static/connect.js opens in a small window. Without scripts it is a plain link there."""
    if link is None:
        return NOTHING
    return markup(
        '<span class="connect"><a class="{}" href="{}" data-connect="{}">{}</a>'
        '<span class="connect-note" role="status" data-connect-note></span></span>',
        kind,
        link,
        service.slug,
        words,
    )


# --- small things -----------------------------------------------------------------------------------------------------


def _edited(moment: datetime | None) -> Markup:
    if moment is None:
        return NOTHING
    return markup(
        'Edited <time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        f"{moment:%Y-%m-%d %H:%M} UTC",
        in_words(moment, datetime.now(UTC)),
    )


def in_words(moment: datetime, now: datetime) -> str:
    """`5 minutes ago`, `yesterday`, `3 days ago`; `on 20 Nov 2026` for what is longer ago, or still to come."""
    seconds = (now - moment).total_seconds()
    days = (now.date() - moment.date()).days
    if seconds < -60 or days > 6:
        return f"on {moment.day} {moment:%b %Y}"
    if seconds < 90:
        return "just now"
    if seconds < 60 * 60:
        return f"{round(seconds / 60)} minutes ago"
    if days == 0:
        hours = round(seconds / 3600)
        return "an hour ago" if hours == 1 else f"{hours} hours ago"
    return "yesterday" if days == 1 else f"{days} days ago"


# The order matters: the first that a media type begins with.
_KINDS = {
    "application/vnd.google-apps.folder": ("Folder", "folder"),
    "application/vnd.google-apps.document": ("Document", "text"),
    "application/vnd.google-apps.spreadsheet": ("Spreadsheet", "table"),
    "application/vnd.google-apps.presentation": ("Presentation", "image"),
    "application/pdf": ("PDF", "text"),
    "image/": ("Image", "image"),
    "video/": ("Video", "image"),
    "text/": ("Text", "text"),
}


def _kind(media_type: str) -> tuple[str, str]:
    return next((kind for start, kind in _KINDS.items() if media_type.startswith(start)), ("File", "text"))


def _file_facts(file: File) -> Markup:
    edited = _edited(file.edited)
    return markup("{} · {}", _kind(file.kind)[0], edited) if edited else markup("{}", _kind(file.kind)[0])


def _file_icon(file: File) -> Markup:
    return markup('<span class="row-icon" aria-hidden="true">{}</span>', _svg(_SHAPES[_kind(file.kind)[1]]))


def _database_icon(database: Database) -> Markup:
    icon = database.emoji or _svg(_SHAPES["table"])
    return markup('<span class="row-icon" aria-hidden="true">{}</span>', icon)


def _svg(shape: str, kind: str = "icon") -> Markup:
    return markup(
        '<svg class="{}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>',
        kind,
        Markup(shape),
    )


_SHAPES = {
    "table": '<rect x="3.5" y="4.5" width="17" height="15" rx="2"/><path d="M3.5 9.5h17M3.5 14.5h17M9.5 9.5v10"/>',
    "text": '<path d="M6 3.5h8l4.5 4.5v12.5H6zM14 3.5V8h4.5M9 12.5h6M9 16h6"/>',
    "image": '<rect x="3.5" y="4.5" width="17" height="15" rx="2"/><path d="m4 17 5-5 4 4 2.5-2.5 4.5 4"/>'
    '<circle cx="15.5" cy="9" r="1.2"/>',
    "folder": '<path d="M3.5 6.5v12h17v-10h-8.5l-2-2z"/>',
}
_OUTWARD = _svg('<path d="M8 16 16.5 7.5M9.5 7.5h7v7"/>', "icon icon--outward")
_PLUG = _svg('<path d="M9 3.5v5M15 3.5v5M6 8.5h12v3a6 6 0 0 1-12 0zM12 17.5v3"/>', "icon icon--large")
_ALARM = _svg('<path d="M12 4 21 19.5H3zM12 10v4.5M12 17.2v.1"/>', "icon icon--large")
