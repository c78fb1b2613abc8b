"""The dashboard's JSON API and its OpenAPI page (contract section 8).

Pages and API call the same functions. Who may call what stands at each operation (`auth=`); nothing is public but the
description itself.
"""

from django.urls import include, path, re_path
from ninja import NinjaAPI

from deployments import api_apps, api_bindings, api_deployments, api_door, runtime_api

api = NinjaAPI(
    title="Vendo Dashboard API",
    version="1",
    description="For the dashboard's own pages: session cookie, and `X-CSRFToken` on writes. Tools use /credentials.",
    urls_namespace="deployments:api",
    # Stands in where an operation forgets to say who may call it.
    auth=[api_door.Writer()],
)
api.add_router("", api_apps.router)
api.add_router("", api_bindings.router)
api.add_router("", api_deployments.router)

urlpatterns = [
    path("api/", include((api_door.hang(api), "api"))),
    # Programs that look for parts of the hosted product (billing, say) get an answer they can read.
    re_path(r"^api(?:/|\Z)", runtime_api.not_found),
]
