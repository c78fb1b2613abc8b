"""What the admin's templates ask for."""

from django import template

from connections import admin_overview
from connections.admin_overview import Item
from tenants.models import User

register = template.Library()


@register.simple_tag
def waiting_for(user: User) -> list[Item]:
    """What waits for this operator."""
    return admin_overview.waiting(user)
