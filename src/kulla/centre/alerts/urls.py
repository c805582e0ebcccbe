"""Addresses of alerts."""

from __future__ import annotations

from django.urls import path

from kulla.centre.alerts import views

app_name = "alerts"
urlpatterns = [
    path("", views.index, name="index"),
    path("fresh", views.fresh, name="fresh"),
    path("act", views.act, name="act"),
    path("undo", views.undo, name="undo"),
    path("views", views.save_view, name="save-view"),
    path("views/<uuid:uid>/drop", views.forget_view, name="forget-view"),
    path("rules", views.rules, name="rules"),
    path("rules/<path:rule_id>", views.rule, name="rule"),
    path("tuning/<uuid:uid>", views.tuning, name="tuning"),
    path("tuning/<uuid:uid>/activate", views.activate, name="activate"),
    path("tuning/<uuid:uid>/withdraw", views.withdraw, name="withdraw"),
    path("group/<slug:key>", views.group, name="group"),
    path("group/<slug:key>/alerts", views.members, name="members"),
    path("<slug:uid>", views.alert, name="alert"),
    path("<slug:uid>/note", views.note, name="note"),
    path("<slug:uid>/tune", views.tune, name="tune"),
]
