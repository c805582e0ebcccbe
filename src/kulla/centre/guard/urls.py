"""Addresses of registers and leaks."""

from __future__ import annotations

from django.urls import path

from kulla.centre.guard import views, viewsleaks

app_name = "guard"
urlpatterns = [
    path("", views.index, name="index"),
    path("register/<slug:name>/", views.register, name="register"),
    path("register/<slug:name>/account/<str:pseudonym>", views.account, name="account"),
    path("register/<slug:name>/account/<str:pseudonym>/reveal", views.reveal, name="reveal"),
    path("reveals/<uuid:uid>/agree", views.agree, name="reveal-agree"),
    path("leaks/", viewsleaks.leaks, name="leaks"),
    path("leaks/upload", viewsleaks.upload, name="upload"),
    path("leaks/new", viewsleaks.new, name="trace-new"),
    path("leaks/<uuid:uid>/", viewsleaks.trace, name="trace"),
    path("leaks/<uuid:uid>/agree", viewsleaks.agree, name="trace-agree"),
    path("leaks/<uuid:uid>/progress", viewsleaks.progress, name="trace-progress"),
    path("leaks/<uuid:uid>/report", viewsleaks.report, name="trace-report"),
]
