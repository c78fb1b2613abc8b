"""Addresses of what runs: pages, and the two APIs, whose paths are the contract's."""

from django.urls import path

from deployments import (
    api,
    runtime_api,
    views,
    views_activity,
    views_apps,
    views_bindings,
    views_environment,
    views_keys,
    views_logs,
    views_operate,
    views_webhooks,
)

app_name = "deployments"

deployment_pages = [
    path("deployments", views.deployment_list, name="list"),
    path("deployments/<uuid:deployment_id>", views.detail, name="detail"),
    path("deployments/<uuid:deployment_id>/connections", views_bindings.connections, name="connections"),
    path("deployments/<uuid:deployment_id>/connections/use", views_bindings.bind, name="bind"),
    path("deployments/<uuid:deployment_id>/connections/<slug:slug>/remove", views_bindings.unbind, name="unbind"),
    path("deployments/<uuid:deployment_id>/logs", views_logs.output, name="logs"),
    path("deployments/<uuid:deployment_id>/logs/since", views_logs.output_since, name="output-since"),
    path("deployments/<uuid:deployment_id>/logs/download", views_logs.output_download, name="output-download"),
    path("deployments/<uuid:deployment_id>/logs/deploy", views_logs.deploy_log, name="deploy-log"),
    path(
        "deployments/<uuid:deployment_id>/logs/deploy/download",
        views_logs.deploy_log_download,
        name="deploy-log-download",
    ),
    path("deployments/<uuid:deployment_id>/webhooks", views_webhooks.webhooks, name="webhooks"),
    path("deployments/<uuid:deployment_id>/activity", views_activity.activity, name="activity"),
    path("deployments/<uuid:deployment_id>/environment", views_environment.environment, name="environment"),
    path("deployments/<uuid:deployment_id>/environment/save", views_environment.save, name="environment-save"),
    path(
        "deployments/<uuid:deployment_id>/environment/<uuid:variable_id>/reveal",
        views_environment.reveal,
        name="environment-reveal",
    ),
    *(
        path(f"deployments/<uuid:deployment_id>/{verb}", views_operate.operate, {"verb": verb}, name=verb)
        for verb in views_operate.VERBS
    ),
    path("deployments/<uuid:deployment_id>/upgrade", views_operate.upgrade, name="upgrade"),
    path("deployments/<uuid:deployment_id>/destroy", views_operate.destroy, name="destroy"),
]

app_pages = [
    path("apps", views_apps.app_list, name="apps"),
    path("apps/new", views_apps.app_new, name="app-new"),
    path("apps/<uuid:app_id>", views_apps.app, name="app"),
    path("apps/<uuid:app_id>/keys", views_apps.app_mint_key, name="app-mint-key"),
    path("apps/<uuid:app_id>/keys/<uuid:key_id>/revoke", views_apps.app_revoke_key, name="app-revoke-key"),
    path("apps/<uuid:app_id>/origins", views_apps.app_origins, name="app-origins"),
]

# Of one connection: its other pages are a floor below, which knows of no keys.
key_pages = [
    path("connections/<uuid:connection_id>/keys", views_keys.connection_keys, name="connection-keys"),
    path("connections/<uuid:connection_id>/keys/new", views_keys.connection_mint_key, name="connection-mint-key"),
    path(
        "connections/<uuid:connection_id>/keys/<uuid:key_id>/revoke",
        views_keys.connection_revoke_key,
        name="connection-revoke-key",
    ),
]

# The same, for what its provider sends.
webhook_pages = [
    path("connections/<uuid:connection_id>/webhooks", views_webhooks.connection_webhooks, name="connection-webhooks"),
    path("connections/<uuid:connection_id>/webhooks/secret", views_webhooks.webhook_secret, name="webhook-secret"),
    path(
        "connections/<uuid:connection_id>/webhooks/<uuid:delivery_id>/redeliver",
        views_webhooks.redeliver,
        name="redeliver",
    ),
]

urlpatterns = [*deployment_pages, *app_pages, *key_pages, *webhook_pages, *runtime_api.urlpatterns, *api.urlpatterns]
