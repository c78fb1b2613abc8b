"""How a person comes to have a workspace."""

from django.db import transaction
from django.utils.text import slugify

from tenants.models import Membership, Tenant, User


def create_workspace(owner: User) -> Tenant:
    """A workspace for somebody who just signed up; its address is chosen on first sign-in."""
    with transaction.atomic():
        tenant = Tenant.objects.create(name=f"{_name_of(owner)}'s workspace")
        Membership.objects.create(user=owner, tenant=tenant, role=Membership.Role.OWNER)
    return tenant


def suggest_slug(tenant: Tenant) -> str:
    """A free address that resembles the workspace's name."""
    stem = slugify(tenant.name.removesuffix("'s workspace")).lstrip("0123456789-")[:30].strip("-")
    stem = stem if len(stem) >= 3 else "workspace"
    taken = set(Tenant.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return stem if stem not in taken else next(s for n in range(2, 10_000) if (s := f"{stem}-{n}") not in taken)


def _name_of(person: User) -> str:
    return person.email.partition("@")[0].replace(".", " ").title()[:60]
