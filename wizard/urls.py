"""Addresses of the start page, the tools, and the wizard."""

from django.urls import path

from wizard import views, views_tools

app_name = "wizard"

tools = [
    path("", views_tools.home, name="home"),
    path("tools", views_tools.tools, name="tools"),
    path("tools/<slug:slug>", views_tools.tool, name="tool"),
    path("tools/<slug:slug>/deploy", views_tools.start, name="start"),
]

# Which page of a draft is in the query: `?phase=<id>`.
wizard = [
    path("deploy/<uuid:draft_id>", views.draft, name="draft"),
    path("deploy/<uuid:draft_id>/save", views.save, name="save"),
    path("deploy/<uuid:draft_id>/discard", views.discard, name="discard"),
    path("deploy/<uuid:draft_id>/connect/<slug:slug>", views.account, name="account"),
]

urlpatterns = tools + wizard
