"""Addresses of notices."""

from __future__ import annotations

from django.urls import path

from kulla.centre.notices.views import calls, letters, reports

app_name = "notices"
urlpatterns = [
    path("", reports.index, name="index"),
    path("new", reports.new, name="new"),
    path("report/<str:number>/", reports.show, name="show"),
    path("report/<str:number>/letter", letters.new, name="letter-new"),
    path("report/<str:number>/<str:name>", reports.act, name="act"),
    path("attachment/<uuid:uid>", reports.content, name="content"),
    path("letters/", letters.index, name="letters"),
    path("letters/<uuid:uid>/", letters.show, name="letter"),
    path("letters/<uuid:uid>/<str:name>", letters.act, name="letter-act"),
    path("templates/", letters.templates, name="templates"),
    path("templates/<str:name>/<str:language>", letters.template, name="template"),
    path("mine/", calls.mine, name="mine"),
    path("notice/<uuid:uid>/", calls.notice, name="notice"),
    path("notice/<uuid:uid>/acknowledge", calls.acknowledge, name="acknowledge"),
    path("rota/", calls.rota, name="rota"),
    path("rota/<uuid:uid>/remove", calls.remove, name="rota-remove"),
    path("channels/", calls.channels, name="channels"),
]
