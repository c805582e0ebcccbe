"""Addresses of cases."""

from __future__ import annotations

from django.urls import path

from kulla.centre.cases import views, viewsdrafts, viewsparts, viewsplaybooks, viewstasks

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
    path("<str:number>/entries/<uuid:uid>/withdraw", viewsparts.withdraw, name="entry-withdraw"),
    path("<str:number>/import", viewsparts.import_file, name="import"),
    path("<str:number>/tasks", viewsparts.task, name="task"),
    path("<str:number>/tasks/<uuid:uid>/edit", viewstasks.edit, name="task-edit"),
    path("<str:number>/tasks/<uuid:uid>/<str:act>", viewsparts.task_act, name="task-act"),
    path("<str:number>/playbook", viewsparts.playbook, name="playbook"),
    path("<str:number>/observables", viewsparts.observable, name="observable"),
    path("<str:number>/observables/<uuid:uid>", viewsparts.indicator, name="indicator"),
    path("<str:number>/bearers", viewsparts.bearer, name="bearer"),
    path("<str:number>/bearers/<uuid:uid>/decide", viewsparts.decide, name="decide"),
    path("<str:number>/drafts", viewsdrafts.index, name="drafts"),
    path("<str:number>/drafts/<uuid:uid>/sign", viewsdrafts.sign, name="draft-sign"),
    path("<str:number>/drafts/<uuid:uid>.<str:form>", viewsdrafts.file, name="draft-file"),
    path("<str:number>/holds", viewsparts.hold, name="hold"),
    path("<str:number>/holds/<uuid:uid>/<str:act>", viewsparts.hold_act, name="hold-act"),
]
