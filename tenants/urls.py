"""Addresses of the workspace pages."""

from django.urls import path

from tenants import views

app_name = "tenants"
urlpatterns = [
    path("welcome", views.welcome, name="welcome"),
    path("demo/sign-in", views.demo_sign_in, name="demo-sign-in"),
]
