"""Addresses: a prefix for each look-alike, below it the real provider's own paths."""

from django.urls import path

from lookalike import consent, control_views, drive_api, notion_api, openai_api, pages, telegram_api, tokens

urlpatterns = [
    path("", pages.home),
    path("style.css", pages.style, name="style"),
    path("healthz", pages.ready),
    path("notion/v1/oauth/authorize", consent.authorize),
    path("notion/v1/oauth/token", tokens.notion_token),
    path("notion/v1/oauth/revoke", tokens.notion_revoke),
    path("notion/v1/users/me", notion_api.me),
    path("notion/v1/search", notion_api.search),
    path("notion/v1/databases/<str:database_id>", notion_api.database),
    path("notion/<slug:plain_id>", pages.notion_place),
    path("google/o/oauth2/v2/auth", consent.authorize),
    path("google/token", tokens.google_token),
    path("google/revoke", tokens.google_revoke),
    path("google/drive/v3/about", drive_api.about),
    path("google/drive/v3/files", drive_api.files),
    path("google/file/<slug:file_id>", pages.drive_place),
    path("openai/v1/models", openai_api.models),
    path("openai/v1/chat/completions", openai_api.chat_completions),
    path("telegram/bot<str:token>/<str:name>", telegram_api.method),
    path("control", control_views.switches),
    path("control/log", control_views.log),
    path("control/secrets", control_views.secrets),
    path("control/reset", control_views.reset),
    path("control/revoke", control_views.revoke),
    path("control/expire", control_views.expire),
    path("control/message", control_views.message),
]
