"""All addresses. Contract paths are spelled in the apps' own urls.py."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView

from tenants.access import public
from vendo_site.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("", include("tenants.urls")),
    path("", include("connections.urls")),
    path("", include("deployments.urls")),
    path("", include("wizard.urls")),
]
# Tools get these two in the envelope, people in our look.
handler400 = "deployments.front_door.bad_request"
handler500 = "deployments.front_door.server_error"

if settings.DEVELOPMENT:
    urlpatterns.append(path("-/patterns", public(TemplateView.as_view(template_name="patterns.html")), name="patterns"))
