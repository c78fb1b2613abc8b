"""The composition root as an app, for its management commands."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """`load_demo` lives here, since it uses every floor."""

    name = "vendo_site"
