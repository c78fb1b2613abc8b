"""Settings of the sandbox provider. It holds made-up data only, so its secrets are no secrets."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA_DIR = Path(os.environ.get("VENDO_DATA_DIR") or ROOT / "var")

SECRET_KEY = "the-sandbox-keeps-no-secrets"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "lookalike.urls"
ASGI_APPLICATION = "lookalike.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
APPEND_SLASH = False

INSTALLED_APPS = [
    "lookalike",
    "oauth2_provider",
    "django.contrib.auth",
    "django.contrib.contenttypes",
]
MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
# The dashboard in the next window has cookies of its own.
CSRF_COOKIE_NAME = "sandbox_csrftoken"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SANDBOX_DATABASE") or str(DATA_DIR / "sandbox.sqlite3"),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}

DRIVE_SCOPE = "https://www.googleapis.com/auth/drive.readonly"
OAUTH2_PROVIDER = {
    "SCOPES": {
        "workspace": "See and edit the pages and databases you choose",
        DRIVE_SCOPE: "See and download all your Google Drive files",
        "offline": "Keep access while you are away",
    },
    "DEFAULT_SCOPES": ["workspace"],
    "OAUTH2_VALIDATOR_CLASS": "lookalike.validator.Validator",
    "OAUTH2_BACKEND_CLASS": "lookalike.validator.Core",
    "ACCESS_TOKEN_GENERATOR": "lookalike.validator.new_token",
    "REFRESH_TOKEN_GENERATOR": "lookalike.validator.new_refresh_token",
    "ROTATE_REFRESH_TOKEN": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # oauthlib and the toolkit log requests whole, with codes and tokens in them.
    "loggers": {"oauthlib": {"level": "CRITICAL"}, "oauth2_provider": {"level": "CRITICAL"}},
}

CLIENT_ID = "vendo-sandbox"
CLIENT_SECRET = "vendo-sandbox-secret"  # noqa: S105
DASHBOARD = "http://localhost:8000"
REDIRECT_URIS = os.environ.get("SANDBOX_REDIRECT_URIS") or " ".join(
    f"{DASHBOARD}/api/oauth/{slug}/callback" for slug in ("notion", "googledrive")
)
