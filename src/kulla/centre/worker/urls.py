"""Addresses of the centre's health."""

from __future__ import annotations

from django.urls import path

from kulla.centre.worker import views, viewsholding

app_name = "worker"
urlpatterns = [
    path("", views.index, name="index"),
    path("holds/<uuid:uid>/", viewsholding.held, name="held"),
    path("holds/<uuid:uid>/events", viewsholding.held_events, name="held-events"),
    path("holds/<uuid:uid>/held.csv", viewsholding.held_csv, name="held-csv"),
    path("<uuid:uid>/acknowledge", views.acknowledge, name="acknowledge"),
]
