"""Looks for secrets where none may be: in every table of the product, and in everything its processes wrote."""

from tests.e2e.stack import Stack

# Sessions are packed, so they are looked at unpacked as well.
EVERY_ROW = """
from django.apps import apps
from django.contrib.sessions.models import Session
for session in Session.objects.all():
    print(session.get_decoded())
for model in apps.get_models(include_auto_created=True):
    for row in model._base_manager.values():
        print(model._meta.label, {name: str(value) for name, value in row.items()})
"""
OURS = ["vendo-sandbox-secret"]


def assert_no_plaintext(stack: Stack, extra: list[str]) -> None:
    """No token, code, state or verifier that the provider saw, and none of `extra`, is in a table or a log."""
    secrets = [*stack.sandbox.secrets(), *OURS, *extra]
    assert len(secrets) > len(OURS) + len(extra), "The provider issued nothing, so there is nothing to look for."
    tables = stack.shell(EVERY_ROW)
    assert "connections.Connection" in tables
    logs = stack.all_logs() + "".join(path.read_text(errors="replace") for path in stack.data_dir.rglob("*.log"))
    for secret in secrets:
        # The sentence must not show the secret either.
        assert secret not in tables, f"A secret beginning with {secret[:6]} is in the database."
        assert secret not in logs, f"A secret beginning with {secret[:6]} is in a log."
