"""The environment of a running tool (contract section 11): rows in the vault, made from what the deployment has.

`resolve` brings them in step with bindings, template, secrets and inputs, as often as one likes; `values` is what the
tool's process gets. A token that expires is never among them.
"""

import base64
import hashlib
import json
import secrets
import uuid
from collections.abc import Iterator, Mapping

from django.conf import settings
from django.db import transaction

from connections import variables, vault
from connections.models import Integration
from deployments import keys, placeholders
from deployments.manifest import Published, Secret, published
from deployments.models import Binding, Deployment, EnvironmentVariable, Release

Kind = EnvironmentVariable.Kind

API_KEY, WEBHOOK_SECRET = "VENDO_API_KEY", "VENDO_WEBHOOK_SECRET"


def make_secrets(deployment: Deployment) -> list[str]:
    """Make the secrets that the deployment lacks, and no other; returns their names.

    The API key is minted in the transaction that stores it, so a crash can't leave a second one behind.
    """
    declared = published(deployment.release).secrets
    with transaction.atomic():
        made = {API_KEY, WEBHOOK_SECRET, *(secret.key for secret in declared)} - _stored(deployment).keys()
        for secret in declared:
            if secret.key in made:
                _write(deployment, Kind.SYSTEM, secret.key, _made_up(secret))
        if WEBHOOK_SECRET in made:
            _write(deployment, Kind.SYSTEM, WEBHOOK_SECRET, secrets.token_hex(32))
        if API_KEY in made:
            _, key = keys.mint(deployment.app, deployment.name, by=deployment.created_by)
            _write(deployment, Kind.SYSTEM, API_KEY, key)
    return sorted(made)


def write_inputs(deployment: Deployment, answers: Mapping[str, str]) -> None:
    """Store answers to a release's questions as the tool's variables; those that were there are replaced."""
    stored = _stored(deployment) if answers else {}
    for name, value in answers.items():
        _write(deployment, Kind.USER, name, value, row=stored.get(name))


def resolve(deployment: Deployment) -> str:
    """Bring all rows in step and note their revision as the wanted one; returns it. Needs the secrets and a port."""
    with transaction.atomic():
        resolve_system(deployment)
        resolve_integrations(deployment)
        return want(deployment)


def resolve_system(deployment: Deployment) -> int:
    """Write what Vendo itself and the template's `env` say; returns how many variables that makes."""
    release = published(deployment.release)
    stored = values(deployment)
    needed = {API_KEY, WEBHOOK_SECRET, *(secret.key for secret in release.secrets)}
    # Other releases' secrets stay: after a way back and forth, what was encrypted with one can still be read.
    others = {secret.key for other in _releases(deployment) for secret in other.secrets} & stored.keys()
    kept = {name: stored[name] for name in needed | others - {question.key for question in release.inputs}}
    system = kept | _facts(deployment, kept[API_KEY])
    known = dict(_references(release, system, stored))
    template = {name: placeholders.fill(text, known) for name, text in release.service.env.items()}
    _replace(deployment, Kind.SYSTEM, {name: (value, None) for name, value in (system | template).items()})
    return len(system) + len(template)


def resolve_integrations(deployment: Deployment) -> list[str]:
    """Write the bound connections' variables where their value does not expire; returns the names."""
    taken = {row.name for row in _rows(deployment) if row.kind != Kind.INTEGRATION}
    bound = Binding.everyone.filter(app=deployment.app_id).select_related("connection__integration", "integration")
    found = {
        name: (value, binding.integration)
        for binding in bound
        for name, value in variables.of(binding.connection).items()
        if name not in taken
    }
    _replace(deployment, Kind.INTEGRATION, found)
    return sorted(found)


def renew_integrations(deployment: Deployment) -> bool:
    """As `resolve_integrations`, after a change of accounts; whether the wanted revision became another one.

    The deployment's row must be locked.
    """
    before = deployment.env_wanted
    resolve_integrations(deployment)
    return want(deployment) != before


def want(deployment: Deployment) -> str:
    """Note the revision of the rows as the one that the tool should run with; returns it."""
    wanted = revision(values(deployment))
    if deployment.env_wanted != wanted:
        deployment.env_wanted = wanted
        deployment.save(update_fields=["env_wanted", "updated_at"])
    return wanted


def values(deployment: Deployment) -> dict[str, str]:
    """name → value of every variable, decrypted."""
    return {row.name: _open(row) for row in _rows(deployment)}


def secret_values(deployment: Deployment) -> list[str]:
    """Those values that must not be seen on a page: keys, secrets, tokens, and what was typed into password fields."""
    hidden = {API_KEY, "VENDO_DEPLOYMENT_TOKEN", WEBHOOK_SECRET}
    for release in _releases(deployment):
        hidden |= {secret.key for secret in release.secrets}
        hidden |= {question.key for question in release.inputs if question.input_type == "password"}
    return [_open(row) for row in _rows(deployment) if row.kind == Kind.INTEGRATION or row.name in hidden]


def revision(content: Mapping[str, str]) -> str:
    """SHA-256 of an environment's content. With the random API key in it, it tells nothing about other values."""
    return hashlib.sha256(json.dumps(sorted(content.items())).encode()).hexdigest()


def _releases(deployment: Deployment) -> list[Published]:
    """All of the deployment's tool: values outlive an upgrade, for the way back."""
    return [published(release) for release in Release.objects.filter(tool=deployment.release.tool_id)]


def _facts(deployment: Deployment, key: str) -> dict[str, str]:
    base, port = settings.BASE_URL, deployment.port
    return {
        "VENDO_DEPLOYMENT_TOKEN": key,
        "VENDO_BASE_URL": base,
        "VENDO_API_URL": base,
        "VENDO_CREDENTIALS_URL": f"{base}/credentials",
        "VENDO_DATA_PROXY_URL": f"{base}/proxy/composio",
        "VENDO_TENANT_ID": str(deployment.tenant_id),
        "VENDO_DEPLOYMENT_ID": str(deployment.pk),
        "VENDO_DEPLOYMENT_SLUG": deployment.slug,
        "PORT": str(port),
        "DOMAIN": f"{settings.TOOL_HOST}:{port}",
    }


def _references(release: Published, system: Mapping[str, str], stored: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What placeholders stand for."""
    yield from ((f"system.{name}", value) for name, value in system.items())
    yield from ((f"secrets.{secret.key}", system[secret.key]) for secret in release.secrets)
    yield from ((f"inputs.{question.key}", stored.get(question.key, "")) for question in release.inputs)
    for row in Integration.objects.filter(slug__in=[use.slug for use in release.integrations]):
        if row.provider.api_is_shared:
            yield f"integrations.{row.slug}.api_url", row.api_url


def _made_up(secret: Secret) -> str:
    match secret.type:
        case "random_hex":
            return secrets.token_hex(secret.bytes)
        case "random_base64":
            return base64.b64encode(secrets.token_bytes(secret.bytes)).decode()
        case "uuid":
            return str(uuid.uuid4())


def _replace(deployment: Deployment, kind: str, wanted: Mapping[str, tuple[str, Integration | None]]) -> None:
    """Make `wanted` the variables of one kind; a row whose value is the same is left alone."""
    stored = _stored(deployment)
    stale = [row.pk for name, row in stored.items() if row.kind == kind and name not in wanted]
    EnvironmentVariable.everyone.filter(pk__in=stale).delete()
    for name, (value, integration) in wanted.items():
        row = stored.get(name)
        if row is None or row.integration_id != (integration and integration.pk) or _open(row) != value:
            _write(deployment, kind, name, value, integration=integration, row=row)


def _write(
    deployment: Deployment,
    kind: str,
    name: str,
    value: str,
    *,
    integration: Integration | None = None,
    row: EnvironmentVariable | None = None,
) -> None:
    row = row or EnvironmentVariable(tenant_id=deployment.tenant_id, deployment=deployment, name=name)
    row.kind, row.integration = kind, integration
    vault.seal(row, "value", value)
    row.save()


def _stored(deployment: Deployment) -> dict[str, EnvironmentVariable]:
    return {row.name: row for row in _rows(deployment)}


def _rows(deployment: Deployment) -> Iterator[EnvironmentVariable]:
    yield from EnvironmentVariable.everyone.filter(deployment=deployment)


def _open(row: EnvironmentVariable) -> str:
    value = vault.reveal(row, "value")
    assert value is not None
    return value
