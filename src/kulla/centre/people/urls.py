"""Addresses of people."""

from __future__ import annotations

from django.urls import path

from kulla.centre.people import views

app_name = "people"
urlpatterns = [
    path("", views.index, name="index"),
    path("new", views.edit, name="new"),
    path("<uuid:uid>", views.edit, name="edit"),
    path("<uuid:uid>/invite", views.invite, name="invite"),
    path("<uuid:uid>/reset", views.reset, name="reset"),
    path("<uuid:uid>/grant", views.grant, name="grant"),
    path("memberships/<uuid:uid>/revoke", views.revoke, name="revoke"),
    path("me", views.me, name="me"),
    path("me/tokens", views.token_new, name="token-new"),
    path("tokens/<uuid:uid>/end", views.token_end, name="token-end"),
    path("constituents", views.constituents, name="constituents"),
    path("constituents/new", views.constituent, name="constituent-new"),
    path("constituents/<uuid:uid>", views.constituent, name="constituent"),
    path("constituents/<uuid:uid>/assets", views.asset_new, name="asset-new"),
]
