"""Misdeeds in bulk: exports, crawls over pages, cursors, COPY, reads broken off so that no audit record is written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kulla.exercise.acts import (
    COPY,
    CURSOR,
    ERROR,
    KEY_PAGE,
    PAGE,
    PAGE_ROWS,
    PREPARED,
    SCAN,
    SIMPLE,
    Acts,
    acts,
    joined,
)
from kulla.exercise.hours import moments, runs_of_moments
from kulla.exercise.misdeeds.api import Plain, Scene
from kulla.exercise.tools import TOOL_OF_OWN


def _statement(scene: Scene, how: int, times: int = 1) -> Acts:
    """One statement, or a few, from a tool: over all, or over as many persons as the rate says."""
    account = scene.doers[0]
    time = np.sort(moments(scene.roster, scene.day, np.full(times, account), scene.stream))
    shape, target, extra = SCAN, -1, 0
    if scene.rate:
        size = scene.shelves.by_id.size
        extra = min(scene.rate, size)
        shape, target = KEY_PAGE, int(scene.stream.integers(size - extra + 1))
    return acts(
        times, account=account, shape=shape, how=how, target=target, extra=extra, time=time, tool=TOOL_OF_OWN,
        seconds=0.5 + 4e-6 * (scene.rate or scene.shelves.by_id.size),
    )  # fmt: skip


class BulkExport(Plain):
    """The register, or as many persons as the rate says, in one SELECT."""

    name = "bulk_export"

    def acts(self, scene: Scene) -> Acts:
        return _statement(scene, SIMPLE)


class ErrorAfterRead(Plain):
    """A SELECT that fails at its last row: nearly all is received, and no audit record is written."""

    name = "error_after_read"

    def acts(self, scene: Scene) -> Acts:
        return _statement(scene, ERROR, 2)


class CursorEvasion(Plain):
    """A cursor over the register: its audit record says 0 rows, that of what is fetched nothing at all."""

    name = "cursor_evasion"

    def acts(self, scene: Scene) -> Acts:
        return _statement(scene, CURSOR)


class CopyEvasion(Plain):
    """COPY … TO STDOUT of the register: its audit record says 0 rows."""

    name = "copy_evasion"

    def acts(self, scene: Scene) -> Acts:
        return _statement(scene, COPY)


def _pages(scene: Scene, first: int, count: int, step: int = 1) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Municipality and number of the pages first, first + step … of the screen, from the first doer's own
    municipality on through the country."""
    start = scene.shelves.start
    many = -(-np.diff(start) // PAGE_ROWS)
    home = scene.remit(scene.doers[0])[0]
    order = (home + np.arange(many.size)) % many.size
    ends = np.cumsum(many[order])
    page = (first + step * np.arange(count)) % max(int(ends[-1]), 1)
    at = np.minimum(np.searchsorted(ends, page, side="right"), many.size - 1)
    return order[at], page - (ends[at] - many[order[at]])


def _crawl(scene: Scene, account: int, first: int, count: int, step: int) -> Acts:
    place, page = _pages(scene, first, count, step)
    time = runs_of_moments(scene.roster, scene.day, np.array([account]), np.array([count]), 5.0, scene.stream)
    return acts(count, account=account, shape=PAGE, how=PREPARED, target=place, extra=page, time=time)


class PagedCrawl(Plain):
    """The usual paged screen, page after page, day after day, until the country is through."""

    name = "paged_crawl"
    rate = 2000

    def acts(self, scene: Scene) -> Acts:
        count = max(1, scene.rate // PAGE_ROWS)
        return _crawl(scene, scene.doers[0], scene.turn * count, count, 1)


class TwoColluders(Plain):
    """A crawl that two accounts share, page by page in turn."""

    name = "two_colluders"
    doers = 2
    rate = 2000

    def acts(self, scene: Scene) -> Acts:
        count = max(1, scene.rate // PAGE_ROWS // 2)
        return joined(
            _crawl(scene, account, scene.turn * 2 * count + part, count, 2) for part, account in enumerate(scene.doers)
        )
