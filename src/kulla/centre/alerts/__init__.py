"""Alerts: the queue, what was decided of each, and the tuning of rules."""
