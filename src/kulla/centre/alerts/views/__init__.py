"""The pages of alerts."""

from kulla.centre.alerts.views.acts import act, undo
from kulla.centre.alerts.views.alert import alert, note
from kulla.centre.alerts.views.queue import fresh, group, index, members
from kulla.centre.alerts.views.rules import rule, rules
from kulla.centre.alerts.views.saved import forget_view, save_view
from kulla.centre.alerts.views.tuning import activate, tune, tuning, withdraw

__all__ = [
    "act",
    "activate",
    "alert",
    "forget_view",
    "fresh",
    "group",
    "index",
    "members",
    "note",
    "rule",
    "rules",
    "save_view",
    "tune",
    "tuning",
    "undo",
    "withdraw",
]
