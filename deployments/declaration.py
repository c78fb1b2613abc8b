"""The form of `vendo.yaml` and `template.json` (contract section 10): which keys there are, and what each may hold."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    WrapValidator,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

MANIFEST, TEMPLATE = "vendo.yaml", "template.json"
NAME = r"^[a-z][a-z0-9-]{1,62}[a-z0-9]$"
NAME_HINT = "Use 3 to 64 lower-case letters, digits and hyphens; start with a letter."
VARIABLE = r"^[A-Z][A-Z0-9_]*$"
INPUT_KEY = r"^[A-Za-z][A-Za-z0-9_]{0,63}$"
URL_PATH = r"^/[^\s?#]*$"
PYTHON_COMMAND = "python app.py"
# What a layout's lists say for "all that no section names".
SWEEP = "*"
# The group of an input without `wizardStep`.
DEFAULT_GROUP = "default"
PHASE = r"^[A-Za-z0-9._~-]{1,64}$"


def _entry(value: object) -> object:
    """A bare slug is short for an entry."""
    return {"provider": value} if isinstance(value, str) else value


def _command(value: object) -> object:
    """A list of words is as good as a line."""
    return (
        shlex.join(value)
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value)
        else value
    )


def _option(value: object) -> object:
    """A bare word is its own label."""
    return {"value": value, "label": value} if isinstance(value, str) else value


def _secrets(value: object) -> object:
    """`{"NAME": "uuid"}` is short for a list of entries."""
    return [{"key": key, "type": kind} for key, kind in value.items()] if isinstance(value, dict) else value


def _forgiving(value: object, known: Callable[[object], object], info: ValidationInfo) -> object:
    """In rows that were stored before this value had a form, anything unknown counts as not said."""
    try:
        return known(value)
    except ValidationError:
        if info.context == STORED:
            return None
        raise


# The context in which a stored release is read.
STORED = "stored"


class Strict(BaseModel):
    """Unknown keys are errors, and a number is not text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Camel(Strict):
    """Part of the JSON template, whose keys are in camel case."""

    model_config = ConfigDict(alias_generator=to_camel)


type Variable = Annotated[str, Field(pattern=VARIABLE, max_length=128)]
type Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$")]
type UrlPath = Annotated[str, Field(pattern=URL_PATH, max_length=500)]
type Group = Annotated[str, Field(min_length=1, max_length=64, pattern=r"[^*]")]
type Port = Annotated[int, Field(ge=1, le=65535)]


class IntegrationEntry(Strict):
    """A provider the tool talks to."""

    provider: Slug = Field(description="Use the provider's slug from the catalogue.")
    optional: bool = False
    profile: str | None = None


@dataclass(frozen=True, slots=True)
class IntegrationUse:
    """An integration that a release declares."""

    slug: str
    optional: bool = False
    profile: str | None = None


type Entries = list[Annotated[IntegrationEntry, BeforeValidator(_entry)]]


class Environment(Strict):
    """Names of variables that the tool reads."""

    required: list[Variable] = Field(default=[], description="Write variables in upper case, like API_KEY.")
    optional: list[Variable] = Field(default=[], description="Write variables in upper case, like API_KEY.")


class Health(Strict):
    """Where the tool says that it is well."""

    path: UrlPath = Field(default="/healthz", description="Start the path with a slash.")
    port: Port | None = None


class ToolManifest(Strict):
    """`vendo.yaml`."""

    name: str = Field(pattern=NAME, description=NAME_HINT)
    version: Literal[1] = Field(description="Write `version: 1`; it is the version of this file's format.")
    runtime: Literal["python", "typescript", "node", "go", "rust", "ruby", "java", "other"] = Field(
        description="Use `other` when none of these fits."
    )
    integrations: Entries = Field(default=[], description="List slugs, or objects with `provider`.")
    env: Environment = Environment()
    health: Health = Health()
    restart_on: list[Slug] = []


class Service(Camel):
    """A process of the tool: from an image, or from the tool's own files."""

    name: str | None = None
    role: Literal["web"] = Field(description="A tool has one service, and its role is web.")
    image: str | None = None
    source: str | None = None
    port: Port | None = None
    start_command: Annotated[str, BeforeValidator(_command), Field(min_length=1)] | None = None
    env: dict[Variable, str] = Field(default={}, description="Variables are upper case; values are text, in quotes.")
    health_path: UrlPath | None = Field(default=None, description="Start the path with a slash.")


class Secret(Camel):
    """A value made up at the first deploy and kept from then on, under the variable `key`."""

    key: Variable
    type: Literal["random_hex", "random_base64", "uuid"]
    bytes: int = Field(default=32, ge=16, le=128)


class Option(Camel):
    """A choice of a select."""

    value: str
    label: str


class Validations(Camel):
    """What a value must satisfy; `message` is shown instead of our own sentence."""

    pattern: str | None = None
    min: float | None = None
    max: float | None = None
    min_length: int | None = Field(default=None, ge=0)
    max_length: int | None = Field(default=None, ge=1)
    message: str | None = None


class UserInput(Camel):
    """A question of the wizard. The answer reaches the tool as the variable `key`."""

    key: str = Field(pattern=INPUT_KEY, description="Letters, digits and underscores; start with a letter.")
    label: str = Field(min_length=1, max_length=120)
    description: str = ""
    input_type: Literal["text", "password", "select", "number", "boolean", "textarea"] = "text"
    default: str | int | float | bool | None = None
    category: Literal["user_required", "user_optional"] = "user_required"
    options: list[Annotated[Option, BeforeValidator(_option)]] = []
    validations: Validations = Validations()
    wizard_step: Annotated[Group | None, WrapValidator(_forgiving)] = Field(
        default=None, description="Name the group of the layout that asks this; leave it out for the group `default`."
    )
    # None is the same as visible.
    visibility: Annotated[Literal["visible", "advanced", "hidden"] | None, WrapValidator(_forgiving)] = Field(
        default=None, description="`advanced` is folded away at first; `hidden` is never asked."
    )

    @property
    def group(self) -> str:
        """The group that a layout's section asks for."""
        return self.wizard_step or DEFAULT_GROUP

    @property
    def asked(self) -> bool:
        """Whether the wizard shows it at all."""
        return self.visibility != "hidden"

    @property
    def folded(self) -> bool:
        """Whether the wizard folds it away at first."""
        return self.visibility == "advanced"

    @property
    def required(self) -> bool:
        """Whether the wizard insists on an answer."""
        return self.category == "user_required" and self.input_type != "boolean"


class LayoutSection(Camel):
    """A part of a page of the wizard."""

    type: Literal["deployment_name", "workspace", "admin_credentials", "wizard_inputs", "integration", "tool_extras"]
    groups: list[str] = Field(default=[SWEEP], description='Groups of inputs; "*" is for those that no section names.')
    providers: list[str] = Field(default=[SWEEP], description='Slugs; "*" is for those that no section names.')

    @field_validator("groups", "providers")
    @classmethod
    def _belongs(cls, value: list[str], info: ValidationInfo) -> list[str]:
        owner = {"groups": "wizard_inputs", "providers": "integration"}[str(info.field_name)]
        if info.data.get("type", owner) != owner:
            raise PydanticCustomError("misplaced", "nothing: only sections of type {owner} have it", {"owner": owner})
        return value


class LayoutSubStep(Camel):
    """A page of the wizard, at `?phase=<id>`."""

    id: str = Field(
        pattern=PHASE, description="Letters, digits, `-`, `_`, `.` and `~`: it becomes part of the address."
    )
    title: str = Field(min_length=1, max_length=60)
    description: str = ""
    optional: bool = False
    sections: list[LayoutSection] = Field(min_length=1)


class Layout(Camel):
    """`wizardLayout`: the pages that the wizard goes through before its review."""

    version: Literal[1] = Field(description='Write `"version": 1`; it is the version of the layout\'s format.')
    sub_steps: list[LayoutSubStep] = Field(min_length=1)


class LayoutHolder(Camel):
    """The one key of the template that holds a layout, so that what is wrong with it is told with its whole place."""

    wizard_layout: Layout


class Readiness(Camel):
    """How long a tool may take until its health path answers."""

    health_path: UrlPath | None = Field(default=None, description="Start the path with a slash.")
    max_retries: int = Field(default=30, ge=1, le=600)
    retry_interval_sec: float = Field(default=1, ge=0.1, le=60)
    expected_boot_time_sec: float = Field(default=10, ge=0, le=3600)


class DeployHooks(Camel):
    """What happens once the tool runs."""

    after_deploy: list[str] = []


class Template(Camel):
    """`template.json`."""

    slug: str = Field(pattern=NAME, description=NAME_HINT)
    name: str = Field(min_length=1, max_length=80)
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]{0,39}$", description='Write it as text, like "1.0.0".')
    description: str = Field(default="", max_length=2000)
    source: Any = None
    services: list[Service] = Field(min_length=1, max_length=1, description="A tool has one service, of role web.")
    secrets: Annotated[list[Secret], BeforeValidator(_secrets)] = []
    integrations: Entries = Field(description="Repeat the list of vendo.yaml; it may be empty: [].")
    user_inputs: list[UserInput] = []
    # Kept as given: a layout that does not parse falls back to one page, and is no reason to refuse a release.
    wizard_layout: Any = None
    readiness: Readiness = Readiness()
    deploy_hooks: DeployHooks = DeployHooks()
    restart_on: list[Slug] = Field(default=[], alias="restart_on")
