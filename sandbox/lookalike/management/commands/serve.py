"""`manage.py serve`: everything the sandbox needs, then the server."""

import socket
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from oauth2_provider.models import Application

from lookalike.tokens import people_exist


class Command(BaseCommand):
    """Migrates, seeds and serves."""

    help = "Serve the sandbox provider; its database is made and filled as needed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8500)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Serve until stopped."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                raise CommandError(
                    f"Port {port} is taken. Stop what listens there, or choose another with --port."
                ) from None
        Path(settings.DATABASES["default"]["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0)
        self.seed()
        # No access log: addresses here carry codes.
        uvicorn.run(
            "lookalike.asgi:application", host=host, port=port, access_log=False, log_level="warning", lifespan="off"
        )

    @staticmethod
    def seed() -> None:
        """The people, and the dashboard as our client."""
        people_exist()
        Application.objects.update_or_create(
            client_id=settings.CLIENT_ID,
            defaults={
                "name": "Vendo",
                "client_secret": settings.CLIENT_SECRET,
                "hash_client_secret": False,  # hashing is slow on purpose, and this is no secret
                "client_type": Application.CLIENT_CONFIDENTIAL,
                "authorization_grant_type": Application.GRANT_AUTHORIZATION_CODE,
                "redirect_uris": settings.REDIRECT_URIS,
            },
        )
