"""One server process for pages, API and sockets."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendo_site.settings")
django_application = get_asgi_application()

# Imported after Django is set up, since these load models.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import path  # noqa: E402

from deployments.composio_door import ComposioDoor  # noqa: E402
from deployments.event_door import EventDoor  # noqa: E402
from deployments.hook_door import HookDoor  # noqa: E402
from deployments.live import LiveConsumer  # noqa: E402
from deployments.proxy_door import ProxyDoor  # noqa: E402
from deployments.token_door import TokenDoor  # noqa: E402
from vendo_site.cross_origin import CORS  # noqa: E402
from vendo_site.host_names import HostNames  # noqa: E402

# From outside in: what is asked most, and what streams, is answered before Django's request cycle.
http = TokenDoor(EventDoor(ComposioDoor(HookDoor(ProxyDoor(django_application)))))

application = ProtocolTypeRouter(
    {
        "http": HostNames(CORS(http), settings.VENDO_DOMAIN),
        # By origin, not by host name alone: a tool may be a page of the same host on another port.
        "websocket": OriginValidator(
            AuthMiddlewareStack(URLRouter([path("ws", LiveConsumer.as_asgi())])), [settings.BASE_URL]
        ),
    }
)
