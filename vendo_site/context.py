"""What every page's template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def page(request: HttpRequest) -> dict[str, Any]:
    """`in_popup`: the page is in a connect popup, or leads to one. `demo_login`: the demo account, in a demo only.
    `mail_is_printed`: messages appear on the terminal that runs us, and reach nobody."""
    popup = ("/connections/connect/", "/api/oauth/")
    ahead = request.GET.get("next", "") or request.POST.get("next", "")
    return {
        "in_popup": request.path.startswith(popup) or ahead.startswith(popup),
        "demo_login": {"email": settings.DEMO_EMAIL, "password": settings.DEMO_PASSWORD} if settings.DEMO else None,
        "mail_is_printed": settings.MAIL_IS_PRINTED,
    }
