"""Addresses of the hunt."""

from __future__ import annotations

from django.urls import path

from kulla.centre.hunting import views

app_name = "hunting"
urlpatterns = [
    path("", views.index, name="index"),
    path("histogram", views.histogram, name="histogram"),
    path("facets", views.facets, name="facets"),
    path("complete", views.complete, name="complete"),
    path("export", views.export, name="export"),
    path("saved", views.save, name="save"),
    path("saved/<uuid:uid>/drop", views.forget, name="forget"),
    path("event/<slug:event_id>", views.event, name="event"),
    path("entity/<slug:kind>", views.entity, name="entity"),
    path("retro", views.retros, name="retros"),
    path("retro/new", views.retro_new, name="retro-new"),
    path("retro/<uuid:uid>", views.retro, name="retro"),
    path("retro/<uuid:uid>/progress", views.progress, name="progress"),
    path("retro/<uuid:uid>/stop", views.retro_stop, name="retro-stop"),
]
