"""Addresses of what tenants connected. The paths of connect, authorize and callback are the contract's (section 7)."""

from django.urls import path

from connections import views, views_connect, views_requests, views_return

app_name = "connections"

pages = [
    path("connections", views.connection_list, name="list"),
    path("connections/<uuid:connection_id>", views.detail, name="detail"),
    path("connections/<uuid:connection_id>/test", views.test, name="test"),
    path("connections/<uuid:connection_id>/rename", views.rename, name="rename"),
    path("connections/<uuid:connection_id>/disconnect", views.disconnect, name="disconnect"),
    path("connections/requests", views_requests.ask, name="request"),
    path("connections/requests/<uuid:request_id>/withdraw", views_requests.withdraw, name="request-withdraw"),
    path("dashboard/connections/<uuid:connection_id>", views.old_detail),
]

dance = [
    path("connections/connect/<slug:slug>", views_connect.connect, name="connect"),
    path("api/oauth/<slug:slug>/authorize", views_connect.authorize, name="authorize"),
    path("api/oauth/<slug:slug>/callback", views_return.callback, name="callback"),
    path("api/oauth/<slug:slug>/callback/<uuid:attempt_id>", views_return.place, name="place"),
]

urlpatterns = pages + dance
