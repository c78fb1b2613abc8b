"""The ground floor: who is asking."""

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    """People and workspaces."""

    name = "tenants"
