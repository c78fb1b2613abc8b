"""Rows that belong to a tenant, and the only door through which pages reach them."""

from typing import Any, Self

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.http import Http404

from tenants.models import Tenant


class Scoped[M: models.Model]:
    """What `Model.objects` is on tenant-owned models: `of(tenant)` and nothing else.

    There is no `all()` or `filter()` to forget the tenant with. Workers, migrations and the admin, which
    work across tenants on purpose, say so with `Model.everyone`.
    """

    def __init__(self, model: type[M] | None = None) -> None:
        self._model = model

    def __get__(self, instance: M | None, owner: type[M]) -> Self:
        if instance is not None:
            raise AttributeError("The query door is on the class, not on its instances.")
        # Abstract parents hand the descriptor down; each concrete class needs its own.
        return type(self)(owner)

    def of(self, tenant: Tenant) -> models.QuerySet[M]:
        """The rows of one tenant."""
        assert self._model is not None
        manager: models.Manager[M] = self._model.everyone  # type: ignore[attr-defined]
        return manager.filter(tenant=tenant)


class TenantModel(models.Model):
    """A row of one tenant. Reach it with `objects.of(tenant)`; see `Scoped`."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")

    everyone: models.Manager[Any] = models.Manager()
    objects = Scoped[Any]()

    class Meta:
        abstract = True
        default_manager_name = "everyone"


def one_of[M: models.Model](rows: models.QuerySet[M], **lookup: Any) -> M:
    """The one row, or a 404 that looks the same for "not yours" and "does not exist"."""
    try:
        return rows.get(**lookup)
    except (ObjectDoesNotExist, ValueError) as error:
        raise Http404 from error
