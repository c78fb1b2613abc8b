"""The conventions of templates, styles and scripts: what a reader can't check by looking at one file."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.template import engines
from django.template.loader import get_template, render_to_string
from django.test import Client

from tenants.models import User

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"})
PAGES = [path for path in TEMPLATES if path.suffix == ".html"]
STYLES = sorted((ROOT / "static/css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
COMMENTS = re.compile(r"\{#.*?#\}|\{% comment.*?endcomment %\}|<!--.*?-->", re.DOTALL)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text(path: Path) -> str:
    """A template's text without its comments, which may name what is forbidden."""
    return COMMENTS.sub("", path.read_text())


def css() -> str:
    return re.sub(r"/\*.*?\*/", "", "\n".join(path.read_text() for path in STYLES), flags=re.DOTALL)


def djangos_css() -> str:
    """What Django's own admin brings, on which the admin's templates build."""
    folder = Path(admin.__file__).parent / "static/admin/css"
    return "\n".join(path.read_text() for path in folder.glob("*.css"))


# --- templates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_template_compiles(path: Path) -> None:
    get_template(str(path.relative_to(ROOT / "templates")))


INLINE = {
    "a script without src": r"<script(?![^>]*\ssrc=)(?![^>]*application/json)",
    "a style element": r"<style",
    "a style attribute": r"\sstyle\s*=",
    "an event handler": r"\son[a-z]+\s*=",
    "an htmx handler": r"\shx-on",
    "evaluated htmx values": r"""hx-(?:vals|headers|vars)\s*=\s*['"]\s*js:""",
    "a filter in hx-trigger": r"hx-trigger\s*=\s*\"[^\"{]*\[",
    "a javascript: address": r"javascript:",
    "something from another host": r"<(?:script|link|img|iframe)\b[^>]*\s(?:src|href)\s*=\s*\"(?:https?:)?//",
}


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_template_holds_to_the_content_security_policy(path: Path) -> None:
    found = [what for what, pattern in INLINE.items() if re.search(pattern, text(path))]
    assert not found, f"{name(path)} has {', '.join(found)}; behaviour belongs in static/js, looks in static/css"


def test_partial_names_are_unique_in_the_project() -> None:
    names = Counter(found for path in PAGES for found in re.findall(r"\{% partialdef ([\w-]+)", text(path)))
    assert [found for found, count in names.items() if count > 1] == []


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_fragment_carries_its_own_name_as_id(path: Path) -> None:
    """One name for the partial, the id of its root element and the target of the requests that fetch it."""
    for found in re.findall(r"\{% partialdef ([\w-]+)", text(path)):
        assert re.search(rf'id="{found}["-]', text(path)), f"nothing in {name(path)} has the id {found}"


INCLUDED_ALONE = re.compile(r"""\{% include ['"]([^'"]+)['"]([^%]*?) only %\}""")


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_form_that_is_included_has_the_token_of_forms(path: Path) -> None:
    """`only` keeps from it what context processors bring, and a browser's POST without it is refused."""
    bare = [
        found
        for found, given in INCLUDED_ALONE.findall(text(path))
        if "csrf_token" in text(ROOT / "templates" / found) and "csrf_token=csrf_token" not in given
    ]
    assert bare == []


def test_every_icon_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons/sprite.svg").read_text()))
    asked = {
        found
        for path in PAGES
        for pattern in (r'_icon\.html" with[^%]*?name="([\w-]+)"', r'_empty_state\.html" with[^%]*?icon="([\w-]+)"')
        for found in re.findall(pattern, text(path))
    }
    scripted = re.findall(r'icon\("([\w-]+)"\)|: "([a-z]+-[a-z]+)"', (ROOT / "static/js/toasts.js").read_text())
    asked |= {first or second for first, second in scripted}
    assert asked - sprite == set()


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_every_static_file_exists(path: Path) -> None:
    missing = [found for found in re.findall(r"""\{% static ['"]([^'"]+)""", text(path)) if not finders.find(found)]
    assert missing == []


@pytest.mark.parametrize("path", STYLES, ids=name)
def test_every_address_in_a_style_exists(path: Path) -> None:
    missing = [
        found for found in re.findall(r'url\("([^"]+)"\)', path.read_text()) if not (path.parent / found).is_file()
    ]
    assert missing == []


def used_classes(path: Path) -> Iterator[str]:
    """The class names written out in a template; those put together from variables are left out."""
    for value in re.findall(r'\sclass="((?:\{[{%].*?[%}]\}|[^"])*)"', text(path)):
        yield from re.sub(r"\S*\{\{.*?\}\}\S*", " ", re.sub(r"\{%.*?%\}", " ", value)).split()


def test_every_class_has_a_style() -> None:
    known = set(re.findall(r"\.([a-z][\w-]*)", css() + djangos_css()))
    unknown = {f"{name(path)}: {word}" for path in PAGES for word in used_classes(path) if word not in known}
    assert unknown == set()


def test_every_style_variable_is_defined() -> None:
    defined = set(re.findall(r"(--[\w-]+)\s*:", css() + djangos_css()))
    assert set(re.findall(r"var\((--[\w-]+)", css())) - defined == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_script_evaluates_and_injects_nothing(path: Path) -> None:
    forbidden = (
        r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write|(?:import|fetch|WebSocket)\W+https?:"
    )
    assert not re.search(forbidden, path.read_text())


def test_third_party_files_carry_their_licence() -> None:
    folders = [path for path in (ROOT / "static/vendor").iterdir() if path.is_dir()]
    assert folders
    assert [name(path) for path in [*folders, ROOT / "static/icons"] if not (path / "LICENSE").is_file()] == []


# --- colours ----------------------------------------------------------------------------------------------------------

TEXT = 4.5  # WCAG 2.2, 1.4.3
SHAPE = 3.0  # WCAG 2.2, 1.4.11: the edge of a control, the focus ring

GROUNDS = ("canvas", "surface", "raised", "sunken", "hover")
PAIRS = [
    *((word, ground, TEXT) for word in ("text", "text-muted", "accent-text", "danger") for ground in GROUNDS),
    *(("text-faint", ground, TEXT) for ground in ("canvas", "surface", "raised", "sunken", "hover")),
    *((tone, f"{tone}-soft", TEXT) for tone in ("ok", "warn", "error", "info", "idle")),
    *((tone, ground, TEXT) for tone in ("warn", "error") for ground in ("canvas", "surface")),
    *(("text", f"{tone}-soft", TEXT) for tone in ("accent", "ok", "warn", "error", "info", "idle")),
    *(("text-muted", f"{tone}-soft", TEXT) for tone in ("accent", "warn", "error")),
    ("accent-text", "accent-soft", TEXT),
    ("danger", "error-soft", TEXT),
    ("on-accent", "accent", TEXT),
    ("on-accent", "accent-hover", TEXT),
    ("on-danger", "danger", TEXT),
    ("on-danger", "danger-hover", TEXT),
    ("code-text", "code-ground", TEXT),
    ("code-muted", "code-ground", TEXT),
    ("code-accent", "code-ground", TEXT),
    *(("field-line", ground, SHAPE) for ground in ("canvas", "surface", "raised")),
    *(("accent", ground, SHAPE) for ground in GROUNDS),
]


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, WCAG 2.2."""
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_told_apart(front: str, ground: str, least: float, theme: int) -> None:
    tokens = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", (ROOT / "static/css/tokens.css").read_text())
    colours = {token: values[theme] for token, *values in tokens}
    measured = contrast(colours[front], colours[ground])
    assert measured >= least, f"{front} on {ground}: {measured:.2f}"


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["400", "403", "403_csrf", "404", "405", "410", "429", "500"])
def test_error_page_needs_no_request(page: str) -> None:
    html = engines["django"].get_template(f"{page}.html").render()
    assert "data-sentence" in html
    assert 'href="/"' in html


def test_signing_in_shows_the_entrance(browser: Client, db: None) -> None:
    html = browser.get("/accounts/login/").content.decode()
    assert "entrance__aside" in html
    assert 'data-webauthn="get"' in html


def test_signing_in_on_the_way_to_a_connect_stays_in_the_popup_frame(browser: Client, db: None) -> None:
    html = browser.get("/accounts/login/", {"next": "/connections/connect/some-provider"}).content.decode()
    assert "popup__page" in html
    assert "entrance__aside" not in html


def test_refused_sign_in_keeps_the_address_and_says_why(browser: Client, db: None) -> None:
    html = browser.post("/accounts/login/", {"login": "ada@example.org", "password": "wrong"}).content.decode()
    assert 'value="ada@example.org"' in html
    assert 'role="alert"' in html


def test_field_error_stands_under_its_field_and_is_tied_to_it(browser: Client, db: None) -> None:
    html = browser.post("/accounts/signup/", {"email": "no address", "password1": "short"}).content.decode()
    assert 'id="id_email_error"' in html
    assert re.search(r'<input[^>]*name="email"[^>]*aria-describedby="[^"]*id_email_error', html)


@pytest.mark.parametrize("address", ["/accounts/email/", "/accounts/password/change/", "/accounts/2fa/"])
def test_account_page_wears_the_app_frame(address: str, owner: User, client_for: Callable[[User], Client]) -> None:
    html = client_for(owner).get(address).content.decode()
    assert 'class="sidebar"' in html
    assert owner.email in html
    assert 'aria-current="page"' in html


def test_component_page_renders_for_anybody() -> None:
    assert "Components" in render_to_string("patterns.html")
