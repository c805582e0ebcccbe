"""Addresses: each app under its own name, the situation at the top."""

from __future__ import annotations

from django.urls import include, path

from kulla.centre.site import views
from kulla.centre.site.environment import APPS

urlpatterns = [
    path("", views.home, name="home"),
    path("health", views.health, name="health"),
    path("help", views.keys, name="help"),
    path("accounts/", include("allauth.urls")),
    path("welcome/<str:token>", views.welcome, name="welcome"),
    *(path(f"{name}/", include(f"kulla.centre.{name}.urls")) for name in APPS if name != "site"),
]
