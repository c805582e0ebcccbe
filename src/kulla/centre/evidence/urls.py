"""Addresses of evidence."""

from __future__ import annotations

from django.urls import path

from kulla.centre.evidence import views

app_name = "evidence"
urlpatterns = [
    path("", views.index, name="index"),
    path("case/<str:number>", views.intake, name="intake"),
    path("case/<str:number>/alerts", views.keep, name="keep"),
    path("case/<str:number>/export", views.export, name="export"),
    path("store/verify", views.verify, name="verify"),
    path("item/<str:number>/", views.show, name="show"),
    path("item/<str:number>/receipt", views.receipt, name="receipt"),
    path("item/<str:number>/content", views.content, name="content"),
    path("item/<str:number>/hand-on", views.hand_on, name="hand-on"),
    path("item/<str:number>/request.tsq", views.request_file, name="request"),
    path("item/<str:number>/stamp", views.stamp, name="stamp"),
]
