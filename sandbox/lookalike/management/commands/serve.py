"""`manage.py serve`: everything the sandbox needs, then the server."""

import errno
import socket
import sys
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from oauth2_provider.models import Application

from lookalike.tokens import people_exist


class Command(BaseCommand):
    """Migrates, seeds and serves."""

    help = "Serve the sandbox provider; its database is made and filled as needed."
    requires_system_checks = ()  # they open the database, for which there may be no folder yet

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8500)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Serve until stopped."""
        # Taken first: who can't have it need not wait for the database, and nobody takes it in between.
        with listener(host, port) as taken:
            prepare()
            self.stdout.write(f"Sandbox provider: http://{host}:{port} (no real account is touched)")
            self.stdout.flush()
            # No access log: addresses here carry codes.
            config = uvicorn.Config(
                "lookalike.asgi:application",
                access_log=False,
                log_level="warning",
                lifespan="off",
                timeout_graceful_shutdown=2,
            )
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[taken])


def listener(host: str, port: int) -> socket.socket:
    """The socket to serve on; ends the program with what to do where there is none to have."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind((host, port))
        server.listen(128)
    except (OSError, OverflowError) as error:
        server.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            sys.exit(f"Port {port} is taken. Stop what listens there, or choose another with --port.")
        sys.exit(f"The sandbox can't listen on {host}, port {port}. Choose others with --host and --port.")
    return server


def prepare() -> None:
    """A database with its tables, the people, and the dashboard as our client. Changes nothing a second time."""
    Path(str(settings.DATABASES["default"]["NAME"])).parent.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
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
