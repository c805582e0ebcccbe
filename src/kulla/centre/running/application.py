"""What granian's worker loads: the application, in a process that ends with the one that started it."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.urls import get_resolver

from kulla.centre.site.wsgi import application  # sets Django up: before any import of a model

# isort: split
from kulla.centre.guard.tracing import interrupted
from kulla.centre.site.place import centre
from kulla.centre.vault.stores import stores
from kulla.events.confine import die_with_parent

die_with_parent()
_ = get_resolver().url_patterns
"""Every view is loaded now: one that cannot be is found at the start, and no request waits for it."""

if settings.CENTRE is not None:
    uploads = Path(str(settings.FILE_UPLOAD_TEMP_DIR))
    shutil.rmtree(uploads, ignore_errors=True)
    uploads.mkdir(mode=0o700, exist_ok=True)  # what could not be removed stays
    for store in stores(centre()).values():
        store.sweep()
    interrupted()

__all__ = ["application"]
