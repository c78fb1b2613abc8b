"""What ends with a deployment and what stays, for whoever is about to destroy it."""

from dataclasses import dataclass
from typing import Self

from django import forms

from connections.models import Connection
from deployments.models import ApiKey, Deployment


@dataclass(frozen=True, slots=True)
class Farewell:
    """Counts of what goes, and the connections that stay for others."""

    keys: int
    variables: int
    connections: tuple[Connection, ...]

    @classmethod
    def of(cls, deployment: Deployment) -> Self:
        """As it is now."""
        bound = Connection.everyone.filter(bindings__app=deployment.app_id).select_related("integration")
        return cls(
            keys=ApiKey.everyone.filter(app=deployment.app_id, revoked_at=None).count(),
            variables=deployment.variables.count(),
            connections=tuple(bound.order_by("integration_id")),
        )


class FarewellForm(forms.Form):
    """Asks for the deployment's slug: typing it takes long enough to think."""

    confirm = forms.CharField(
        max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, deployment: Deployment, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.slug = deployment.slug
        self.fields["confirm"].label = f"Type {deployment.slug} to confirm"

    def clean_confirm(self) -> str:
        """Letter by letter."""
        typed: str = self.cleaned_data["confirm"]
        if typed != self.slug:
            raise forms.ValidationError(f"This is not its slug. Type {self.slug}.", code="mismatch")
        return typed
