"""What a tool's two files must say together, beyond each value having its form."""

from collections.abc import Iterator
from pathlib import Path

from connections import catalog
from deployments import input_rules, layout, placeholders
from deployments.declaration import (
    MANIFEST,
    PYTHON_COMMAND,
    TEMPLATE,
    Entries,
    IntegrationEntry,
    IntegrationUse,
    Service,
    Template,
    ToolManifest,
    UserInput,
)
from deployments.problems import ManifestError, Problem, nearest, place, show
from deployments.system import SYSTEM_VARIABLES, reserved


def derived_template(manifest: ToolManifest, path: Path) -> Template:
    """The template of a tool that has none: a Python `app.py` that asks for what `env` lists.

    Its version is empty; publishing names it after the content.
    """
    if manifest.runtime != "python" or not (path / "app.py").is_file():
        found = (
            "no template.json and no app.py"
            if manifest.runtime == "python"
            else f"runtime {manifest.runtime} without one"
        )
        raise ManifestError(
            [Problem(TEMPLATE, "a template with `services[0].startCommand`", found, f"Add {TEMPLATE}.")]
        )
    provided = {*_provided_by_integrations(manifest.integrations), *SYSTEM_VARIABLES}
    asked = [(name, "user_required") for name in manifest.env.required]
    asked += [(name, "user_optional") for name in manifest.env.optional]
    inputs = [
        UserInput.model_validate({"key": name, "label": name, "category": category})
        for name, category in dict(reversed(asked)).items()
        if name not in provided and not reserved(name)
    ]
    return Template.model_construct(
        slug=manifest.name,
        name=manifest.name.replace("-", " ").capitalize()[:80],
        version="",
        services=[Service.model_validate({"role": "web", "startCommand": PYTHON_COMMAND})],
        integrations=manifest.integrations,
        user_inputs=inputs[::-1],
    )


def check(manifest: ToolManifest, template: Template) -> Iterator[Problem]:
    """Everything in the two files that does not hold."""
    yield from _integrations(MANIFEST, manifest.integrations)
    yield from _agreement(manifest, template)
    yield from _restart_on(MANIFEST, manifest.restart_on, manifest)
    yield from _restart_on(TEMPLATE, template.restart_on, manifest)
    yield from _service(manifest, template)
    yield from _variables(template)
    yield from _required_variables(manifest, template)
    for position, question in enumerate(template.user_inputs):
        yield from input_rules.check(place(TEMPLATE, "userInputs", position), question)
    yield from _hooks(template)
    yield from _layout(template)


def _hooks(template: Template) -> Iterator[Problem]:
    """A hook is a provider's, and works with the account that the tool uses there."""
    known, declared = catalog.deploy_hooks(), {entry.provider for entry in template.integrations}
    for position, name in enumerate(template.deploy_hooks.after_deploy):
        where = place(TEMPLATE, "deployHooks", "afterDeploy", position)
        if name not in known:
            yield Problem(where, f"one of {', '.join(known)}", show(name), nearest(name, known))
        elif (slug := known[name][0].slug) not in declared:
            fix = f"Add {slug} to integrations in both files, or remove the hook."
            yield Problem(where, "a hook of an integration that the tool declares", show(name), fix)


def _layout(template: Template) -> Iterator[Problem]:
    """What the layout leaves out or says twice. One that does not parse is no problem: the wizard has one page then."""
    try:
        parsed = layout.read(template.wizard_layout)
    except ManifestError:
        return
    uses = [IntegrationUse(entry.provider, entry.optional) for entry in template.integrations]
    yield from layout.objections(parsed, template.user_inputs, uses)


def _integrations(file: str, entries: Entries) -> Iterator[Problem]:
    seen = set[str]()
    for position, entry in enumerate(entries):
        where = place(file, "integrations", position, "provider")
        if entry.provider in seen:
            yield Problem(where, "each provider once", f"{show(entry.provider)} again", "Remove one of the two.")
        seen.add(entry.provider)
        provider = catalog.all_providers().get(entry.provider)
        if provider is None:
            fix = nearest(entry.provider, catalog.all_providers(), "Look for the slug on the Connections page.")
            yield Problem(where, "a provider of the catalogue", show(entry.provider), fix)
        elif entry.profile not in (None, *provider.profiles):
            where = place(file, "integrations", position, "profile")
            yield Problem(
                where, " or ".join(provider.profiles), show(entry.profile), f"{provider.name} has no other profile."
            )


def _agreement(manifest: ToolManifest, template: Template) -> Iterator[Problem]:
    """The name and the integrations stand in both files."""
    if template.slug != manifest.name:
        fix = f"Use the same name in {MANIFEST} and {TEMPLATE}."
        yield Problem(place(TEMPLATE, "slug"), show(manifest.name), show(template.slug), fix)
    ours = {entry.provider: entry for entry in manifest.integrations}
    theirs = {entry.provider: entry for entry in template.integrations}
    if len(theirs) < len(template.integrations):
        yield from _integrations(TEMPLATE, template.integrations)
    for slug in sorted(ours.keys() | theirs.keys()):
        if ours.get(slug) != theirs.get(slug):
            yield Problem(
                place(TEMPLATE, "integrations"),
                f"{show(slug)} as in {MANIFEST}: {_words(ours.get(slug))}",
                _words(theirs.get(slug)),
                "Make the two lists say the same.",
            )


def _words(entry: IntegrationEntry | None) -> str:
    if entry is None:
        return "not listed"
    return ("optional" if entry.optional else "required") + (f", profile {entry.profile}" if entry.profile else "")


def _restart_on(file: str, slugs: list[str], manifest: ToolManifest) -> Iterator[Problem]:
    declared = [entry.provider for entry in manifest.integrations]
    for position, slug in enumerate(slugs):
        if slug not in declared:
            fix = nearest(slug, declared, "Add it to `integrations`, or remove it here.")
            yield Problem(place(file, "restart_on", position), "a slug of `integrations`", show(slug), fix)


def _service(manifest: ToolManifest, template: Template) -> Iterator[Problem]:
    service = template.services[0]
    known = {*_references(template)}
    if service.start_command is None and service.image is None and manifest.runtime != "python":
        yield Problem(
            place(TEMPLATE, "services", 0, "startCommand"), "a command", "nothing", "Say how the tool is started."
        )
    for name, text in service.env.items():
        for reference in placeholders.references(text):
            if reference not in known:
                where = place(TEMPLATE, "services", 0, "env", name)
                fix = nearest(
                    reference, known, "Use secrets.NAME, inputs.KEY, system.NAME or integrations.<slug>.api_url."
                )
                yield Problem(where, "a placeholder that something stands behind", f"${{{reference}}}", fix)


def _references(template: Template) -> Iterator[str]:
    yield from (f"secrets.{secret.key}" for secret in template.secrets)
    yield from (f"inputs.{question.key}" for question in template.user_inputs)
    yield from (f"system.{name}" for name in SYSTEM_VARIABLES)
    # An account whose API is elsewhere tells its tool so in its context, and again after each change of accounts.
    known = catalog.all_providers()
    shared = (entry.provider for entry in template.integrations if entry.provider in known)
    yield from (f"integrations.{slug}.api_url" for slug in shared if known[slug].api_is_shared)


def _variables(template: Template) -> Iterator[Problem]:
    """Every variable has one origin, and ours are not for the taking."""
    origins = dict.fromkeys(_provided_by_integrations(template.integrations), "an integration")
    for name, origin, where in _named(template):
        if reserved(name):
            yield Problem(
                where, "a name of your own", show(name), "Vendo sets this variable itself. Choose another name."
            )
        elif name in origins:
            yield Problem(where, "a name that is free", show(name), f"It already comes from {origins[name]}. Keep one.")
        origins.setdefault(name, origin)


def _named(template: Template) -> Iterator[tuple[str, str, str]]:
    """(variable, where it comes from, its place in the file) for all that a template names."""
    for position, secret in enumerate(template.secrets):
        yield secret.key, "`secrets`", place(TEMPLATE, "secrets", position, "key")
    for position, question in enumerate(template.user_inputs):
        yield question.key, "`userInputs`", place(TEMPLATE, "userInputs", position, "key")
    for name in template.services[0].env:
        yield name, "`services[0].env`", place(TEMPLATE, "services", 0, "env", name)


def _required_variables(manifest: ToolManifest, template: Template) -> Iterator[Problem]:
    """What the tool can't do without, something must provide."""
    given = {name for name, _, _ in _named(template)} | {
        *SYSTEM_VARIABLES,
        *_provided_by_integrations(template.integrations),
    }
    for position, name in enumerate(manifest.env.required):
        if name not in given:
            fix = f"Ask for it in `userInputs` of {TEMPLATE}, or set it in `services[0].env`."
            yield Problem(
                place(MANIFEST, "env", "required", position), f"something that provides {name}", "nothing", fix
            )


def _provided_by_integrations(entries: Entries) -> Iterator[str]:
    for entry in entries:
        if provider := catalog.all_providers().get(entry.provider):
            yield from (variable.name for variable in provider.env)
