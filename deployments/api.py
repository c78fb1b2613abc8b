"""The dashboard's JSON API (contract section 8), and the OpenAPI page of everything that programs call.

Pages and API call the same functions. Who may call what stands at each operation (`auth=`); nothing is public but the
description itself.
"""

from typing import Any, override

from django.urls import include, path, re_path
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from deployments import api_apps, api_bindings, api_deployments, api_door, description, runtime_api


class Api(NinjaAPI):
    """Describes what tools call too."""

    @override
    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**kwargs)
        description.complete(schema)
        return schema


api = Api(
    title="Vendo Dashboard API",
    version="1",
    description=description.ABOUT.strip(),
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
