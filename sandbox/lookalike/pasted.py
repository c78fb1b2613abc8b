"""Keys and bots of the made-up people, for providers where a person makes a key and pastes it somewhere."""

from dataclasses import dataclass

from lookalike import control
from lookalike.accounts import ADA, GRACE, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of OpenAI's kind. One that is `limited` may do next to nothing."""

    text: str
    owner: Person
    limited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bot:
    """A Telegram bot, and the token that its owner was given for it."""

    token: str
    owner: Person
    name: str
    username: str

    @property
    def id(self) -> int:
        """The bot's number, with which its token begins."""
        return int(self.token.partition(":")[0])


KEYS = (
    Key(text="sk-sandbox-ada-0123456789abcdefghij", owner=ADA),
    Key(text="sk-sandbox-ada-limited-0123456789abcdef", owner=ADA, limited=True),
    Key(text="sk-sandbox-grace-0123456789abcdefghij", owner=GRACE),
)
BOTS = (
    Bot(
        token="700000001:AAsandbox-ada-0123456789abcdefghijk",  # noqa: S106
        owner=ADA,
        name="Analytical engine",
        username="sandbox_ada_bot",
    ),
    Bot(
        token="700000002:AAsandbox-grace-0123456789abcdefghi",  # noqa: S106
        owner=GRACE,
        name="Compiler",
        username="sandbox_grace_bot",
    ),
)


def key(text: str) -> Key | None:
    """The key, unless its owner has deleted it."""
    return next((one for one in KEYS if one.text == text and _is_good(text, one.owner)), None)


def bot(token: str) -> Bot | None:
    """The bot, unless its owner has taken its token back."""
    return next((one for one in BOTS if one.token == token and _is_good(token, one.owner)), None)


def _is_good(secret: str, owner: Person) -> bool:
    control.remember(secret)
    return not control.is_withdrawn(owner.key)
