"""The composition root as an app, for its management commands."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """`load_demo` lives here, since it uses every floor."""

    name = "vendo_site"

    def ready(self) -> None:
        """Second factors are in the vault too, and must be there after its keys were changed."""
        from connections import vault
        from vendo_site.accounts import rotate_second_factors

        vault.also_rotates(rotate_second_factors)
