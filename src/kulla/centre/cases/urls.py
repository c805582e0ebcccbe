"""Addresses of cases."""

from __future__ import annotations

from django.urls import path

from kulla.centre.cases import views, viewsdrafts, viewsparts, viewsplaybooks

app_name = "cases"
urlpatterns = [
    path("", views.index, name="index"),
    path("new", views.new, name="new"),
    path("playbooks/", viewsplaybooks.index, name="playbooks"),
    path("playbooks/<slug:name>", viewsplaybooks.edit, name="playbook-edit"),
    path("playbooks/<slug:name>/drop", viewsplaybooks.drop, name="playbook-drop"),
    path("<str:number>/", views.show, name="show"),
    path("<str:number>/edit", views.edit, name="edit"),
    path("<str:number>/move", views.move, name="move"),
    path("<str:number>/members", views.members, name="members"),
    path("<str:number>/link", views.link, name="link"),
    path("<str:number>/entries", viewsparts.entry, name="entry"),
    path("<str:number>/entries/<int:pk>/withdraw", viewsparts.withdraw, name="entry-withdraw"),
    path("<str:number>/import", viewsparts.import_file, name="import"),
    path("<str:number>/tasks", viewsparts.task, name="task"),
    path("<str:number>/tasks/<int:pk>/<str:act>", viewsparts.task_act, name="task-act"),
    path("<str:number>/playbook", viewsparts.playbook, name="playbook"),
    path("<str:number>/observables", viewsparts.observable, name="observable"),
    path("<str:number>/observables/<int:pk>", viewsparts.indicator, name="indicator"),
    path("<str:number>/bearers", viewsparts.bearer, name="bearer"),
    path("<str:number>/bearers/<int:pk>/decide", viewsparts.decide, name="decide"),
    path("<str:number>/drafts", viewsdrafts.index, name="drafts"),
    path("<str:number>/drafts/<int:pk>/sign", viewsdrafts.sign, name="draft-sign"),
    path("<str:number>/drafts/<int:pk>.<str:form>", viewsdrafts.file, name="draft-file"),
    path("<str:number>/holds", viewsparts.hold, name="hold"),
    path("<str:number>/holds/<int:pk>/<str:act>", viewsparts.hold_act, name="hold-act"),
]
