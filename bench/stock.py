"""A Django project as `startproject` makes it, with two views: what Django itself costs."""

import os

import environ
from django.conf import settings

DATABASE = environ.Env.db_url_config(os.environ["DATABASE_URL"])
if DATABASE["ENGINE"].endswith("postgresql"):
    DATABASE["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 40}}

settings.configure(
    ALLOWED_HOSTS=["localhost"],
    SECRET_KEY=os.environ["SECRET_KEY"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": DATABASE},
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
)

from django.core.asgi import get_asgi_application  # noqa: E402

application = get_asgi_application()

from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402

TOKEN = {"access_token": "x" * 130, "expires_at": None, "token_type": "Bearer"}


async def nothing(request: HttpRequest) -> HttpResponse:
    """The same JSON to everybody."""
    return JsonResponse(TOKEN)


def one_query(request: HttpRequest) -> HttpResponse:
    """One row, found by its key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT slug FROM connections_integration WHERE slug = %s", ["notion"])
        cursor.fetchone()
    return JsonResponse(TOKEN)


urlpatterns = [path("nothing", nothing), path("one-query", one_query)]
