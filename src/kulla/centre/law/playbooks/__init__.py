"""Playbooks as TOML: tasks in English and Albanian."""
