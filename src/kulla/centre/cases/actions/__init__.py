"""What can be done with a case. Each act takes who acts, is one transaction and leaves one entry in the audit."""

from kulla.centre.cases.actions.case import change, link, move, open_case, set_members, take_alerts
from kulla.centre.cases.actions.observables import add_observable, mark_indicator, related_by_observables
from kulla.centre.cases.actions.tasks import add_task, apply_playbook, edit_task, finish_task, reopen_task, skip_task
from kulla.centre.cases.actions.timeline import import_timeline, withdraw_entry, write_entry

__all__ = [
    "add_observable",
    "add_task",
    "apply_playbook",
    "change",
    "edit_task",
    "finish_task",
    "import_timeline",
    "link",
    "mark_indicator",
    "move",
    "open_case",
    "related_by_observables",
    "reopen_task",
    "set_members",
    "skip_task",
    "take_alerts",
    "withdraw_entry",
    "write_entry",
]
