"""Every setting of the dashboard, read from the environment (docs/operating.md lists them)."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.utils.csp import CSP

from vendo_site.environment import (
    development_secret,
    mailer,
    new_signing_key,
    new_vault_key,
    private_folder,
    require,
)

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# DEBUG in the environment means "a developer's machine": secrets may be made up and mail goes to the console. Django's
# own technical error pages are a second, explicit wish, because a demo must never show a stack trace.
DEVELOPMENT = env.bool("DEBUG", default=False)
DEBUG = DEVELOPMENT and env.bool("VENDO_TRACEBACKS", default=False)

DATA_DIR = Path(env.str("VENDO_DATA_DIR", default=str(BASE_DIR / "var"))).resolve()

SECRET_KEY = env.str("SECRET_KEY", default="")
VAULT_KEYS = env.str("VENDO_VAULT_KEYS", default="")
BASE_URL = env.str("VENDO_BASE_URL", default="http://localhost:8000" if DEVELOPMENT else "").rstrip("/")
DATABASE_URL = env.str("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'vendo.sqlite3'}" if DEVELOPMENT else "")

if DEVELOPMENT:
    SECRET_KEY = SECRET_KEY or development_secret(DATA_DIR / "secret.key", new_signing_key)
    VAULT_KEYS = VAULT_KEYS or development_secret(DATA_DIR / "vault.key", new_vault_key)
else:
    require(
        {
            "SECRET_KEY": SECRET_KEY,
            "VENDO_VAULT_KEYS": VAULT_KEYS,
            "VENDO_BASE_URL": BASE_URL,
            "DATABASE_URL": DATABASE_URL,
        },
        hints={
            "SECRET_KEY": "a long random string, for example from `openssl rand -base64 48`",
            "VENDO_VAULT_KEYS": "`<name>:<key>`, the key from `openssl rand -base64 32`; keep a copy of it",
            "VENDO_BASE_URL": "the address people open, for example https://vendo.example.org",
            "DATABASE_URL": "for example postgres://user:password@host/vendo",
        },
    )

_base = urlsplit(BASE_URL)
BASE_HOST = _base.hostname or "localhost"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[BASE_HOST, "127.0.0.1", "localhost"] if DEVELOPMENT else [BASE_HOST])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[f"{_base.scheme}://{_base.netloc}"])

# --- composition ------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "vendo_site",
    "wizard",
    "deployments",
    "connections",
    "tenants",
    "channels",
    "django_htmx",
    "django_tasks_db",
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "vendo_site.middleware.one_host",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "vendo_site.middleware.tools_have_no_cookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.middleware.CurrentTenantMiddleware",
    "vendo_site.middleware.popup_pages",
    "vendo_site.middleware.htmx_answers",
]

ROOT_URLCONF = "vendo_site.urls"
ASGI_APPLICATION = "vendo_site.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "vendo_site.context.page",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- data -------------------------------------------------------------------------------------------------------------

DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"]["ATOMIC_REQUESTS"] = False
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # IMMEDIATE takes the write lock at BEGIN, where waiting is possible; upgrading a lock later is not.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # A file in tests too: the in-memory database shares one cache between threads and locks differently.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
    private_folder(Path(DATABASES["default"]["NAME"]).parent)
elif DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # A restarted server leaves dead connections in the pool, which are found out before they are handed on.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 40, "timeout": 20}}

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CHANNEL_LAYERS = {
        # The pub/sub layer: the core layer drops messages under many subscribers.
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
    }
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- people -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "vendo_site.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# By code, not by link: somebody who signs up inside a connect popup stays in that popup.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_ADAPTER = "vendo_site.accounts.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT
MFA_TOTP_ISSUER = "Vendo"

MAILERS = {
    "default": mailer(env.email_url("EMAIL_URL", default="consolemail://" if DEVELOPMENT else "smtp://localhost:25"))
}
# Then nobody gets mail: it is printed, and pages that speak of a message say so.
MAIL_IS_PRINTED = MAILERS["default"]["BACKEND"] == "django.core.mail.backends.console.EmailBackend"
if MAIL_IS_PRINTED:
    MAILERS["default"] = {"BACKEND": "vendo_site.mail.EmailBackend"}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"Vendo <no-reply@{BASE_HOST}>")

# --- browser ----------------------------------------------------------------------------------------------------------

_https = _base.scheme == "https"
SESSION_COOKIE_NAME = "vendo_session"
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would lose the session when a provider sends the popup back
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_NAME = "vendo_csrf"
SECURE_SSL_REDIRECT = _https and env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("TRUST_PROXY", default=False) else None
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31536000 if _https else 0)
SECURE_REFERRER_POLICY = "same-origin"
# Pages that open a connect popup must be able to keep hold of it; the popup itself says `unsafe-none` (middleware).
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin-allow-popups"
X_FRAME_OPTIONS = "DENY"

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    # Chromium applies form-action to redirects too: signing in inside a popup may lead on to a provider.
    "form-action": [CSP.SELF, "https:", *(["http://127.0.0.1:*", "http://localhost:*"] if DEVELOPMENT else [])],
}

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEVELOPMENT
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEVELOPMENT
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

APPEND_SLASH = False
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "vendo_site.formats"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # These write whole URLs of outgoing requests, or their bodies, which may carry what must not be kept.
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
        "composio_client": {"level": "WARNING"},
    },
}

# --- the product ------------------------------------------------------------------------------------------------------

DEMO = DEVELOPMENT and env.bool("VENDO_DEMO", default=False)
SANDBOX_URL = env.str("VENDO_SANDBOX_URL", default="http://127.0.0.1:8500").rstrip("/")
# Has host names for what tools call (vendo_site/host_names.py); empty: they have paths alone.
VENDO_DOMAIN = env.str("VENDO_DOMAIN", default="").strip(".").lower()
# Composio, which signs people in with clients of its own and keeps their tokens (connections/composio.py).
COMPOSIO_API_KEY = env.str("COMPOSIO_API_KEY", default="")
COMPOSIO_BASE_URL = env.str("COMPOSIO_BASE_URL", default="https://backend.composio.dev").rstrip("/")
TOOL_PORTS = env.str("VENDO_TOOL_PORTS", default="8100-8199")
TOOL_HOST = env.str("VENDO_TOOL_HOST", default="127.0.0.1")
# Seconds between two questions to a tool that runs, whether it is well.
HEALTH_EVERY = env.float("VENDO_HEALTH_EVERY", default=30.0)
# What runs tools: "process", under supervisord, or "docker", in containers.
RUNTIME = env.str("VENDO_RUNTIME", default="process")
TOOL_USERS = env.str("VENDO_TOOL_USERS", default="auto")
TOOL_MEMORY = env.str("VENDO_TOOL_MEMORY", default="")
TOOL_PROCESSES = env.int("VENDO_TOOL_PROCESSES", default=512)
TOOL_FILES = env.int("VENDO_TOOL_FILES", default=4096)
DOCKER_HOST = env.str("DOCKER_HOST", default="unix:///var/run/docker.sock")
DOCKER_IMAGE = env.str("VENDO_DOCKER_IMAGE", default="python:3.13-slim")
# In a network of their own, containers can't reach a dashboard whose address is this machine's own.
DOCKER_NETWORK = env.str(
    "VENDO_DOCKER_NETWORK",
    default="host" if BASE_HOST in {"localhost", "127.0.0.1", "::1"} else "bridge",
)
DEMO_EMAIL = "demo@vendo.example"
DEMO_PASSWORD = "demo-vendo-2026"  # noqa: S105  (the demo account, which exists only on a developer's machine)
