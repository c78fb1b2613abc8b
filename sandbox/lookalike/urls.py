"""Addresses: a prefix for each look-alike, below it the real provider's own paths."""

from django.urls import path

from lookalike import apis, consent, tokens

urlpatterns = [
    path("healthz", apis.ready),
    path("notion/v1/oauth/authorize", consent.authorize),
    path("notion/v1/oauth/token", tokens.notion_token),
    path("notion/v1/oauth/revoke", tokens.revoke),
    path("notion/v1/users/me", apis.notion_me),
    path("notion/v1/search", apis.notion_search),
    path("notion/v1/databases/<str:database_id>", apis.notion_database),
    path("google/o/oauth2/v2/auth", consent.authorize),
    path("google/token", tokens.google_token),
    path("google/revoke", tokens.revoke),
    path("google/drive/v3/about", apis.drive_about),
    path("google/drive/v3/files", apis.drive_files),
    path("control", apis.control_switches),
    path("control/log", apis.control_log),
    path("control/reset", apis.control_reset),
]
