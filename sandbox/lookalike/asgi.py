"""ASGI entry of the sandbox provider."""

import os

from django.core.asgi import get_asgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "lookalike.settings"
application = get_asgi_application()
