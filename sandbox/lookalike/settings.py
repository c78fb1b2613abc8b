"""Settings of the sandbox provider. It holds made-up data only, so its secrets are no secrets."""

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.csp import CSP

ROOT = Path(__file__).resolve().parents[2]
DATA_DIR = Path(os.environ.get("VENDO_DATA_DIR") or ROOT / "var")

SECRET_KEY = "the-sandbox-keeps-no-secrets"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
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
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",  # refuses other host names, and so pages that borrow our address
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
# Cookies ignore ports, and the tools next door have cookies too.
CSRF_COOKIE_NAME = "sandbox_csrftoken"
X_FRAME_OPTIONS = "DENY"
# A consent page in a popup must not lose its opener, to which the callback page after it reports.
SECURE_CROSS_ORIGIN_OPENER_POLICY = None

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

OAUTH2_PROVIDER = {
    # What there is to ask for is in providers.py; the validator looks there.
    "SCOPES": {},
    "DEFAULT_SCOPES": [],
    "OAUTH2_VALIDATOR_CLASS": "lookalike.validator.Validator",
    "OAUTH2_BACKEND_CLASS": "lookalike.validator.Core",
    "ACCESS_TOKEN_GENERATOR": "lookalike.validator.new_token",
    "REFRESH_TOKEN_GENERATOR": "lookalike.validator.new_refresh_token",
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 600,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["http", "https"],
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,  # no `plain` challenges (RFC 9700)
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

# A form's answer may lead to the client's address, and browsers hold that against the page's policy too.
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.SELF],
    "form-action": [
        CSP.SELF,
        *sorted({"{0.scheme}://{0.netloc}".format(urlsplit(uri)) for uri in REDIRECT_URIS.split()}),
    ],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}
