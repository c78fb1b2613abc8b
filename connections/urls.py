"""Addresses of this floor."""

from django.urls import URLPattern

app_name = "connections"
urlpatterns: list[URLPattern] = []
