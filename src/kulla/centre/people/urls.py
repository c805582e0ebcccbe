"""Addresses of people."""

from __future__ import annotations

from django.urls import path

from kulla.centre.people import views

app_name = "people"
urlpatterns = [
    path("", views.index, name="index"),
    path("new", views.edit, name="new"),
    path("<int:pk>", views.edit, name="edit"),
    path("<int:pk>/invite", views.invite, name="invite"),
    path("<int:pk>/reset", views.reset, name="reset"),
    path("<int:pk>/grant", views.grant, name="grant"),
    path("memberships/<int:pk>/revoke", views.revoke, name="revoke"),
    path("me", views.me, name="me"),
    path("me/tokens", views.token_new, name="token-new"),
    path("tokens/<int:pk>/end", views.token_end, name="token-end"),
    path("constituents", views.constituents, name="constituents"),
    path("constituents/new", views.constituent, name="constituent-new"),
    path("constituents/<int:pk>", views.constituent, name="constituent"),
    path("constituents/<int:pk>/assets", views.asset_new, name="asset-new"),
]
