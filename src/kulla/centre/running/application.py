"""What granian's worker loads: the application, in a process that ends with the one that started it."""

from __future__ import annotations

from django.conf import settings
from django.urls import get_resolver

from kulla.centre.site.wsgi import application  # sets Django up: before any import of a model

# isort: split
from kulla.centre.guard.tracing import interrupted
from kulla.events.confine import die_with_parent

die_with_parent()
_ = get_resolver().url_patterns
"""Every view is loaded now: one that cannot be is found at the start, and no request waits for it."""

if settings.CENTRE is not None:
    interrupted()

__all__ = ["application"]
