"""The tables of the dating bench: every rate with its n and exact interval, every cell that misses kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from scipy.stats import beta, binom  # type: ignore[import-untyped]

Row = dict[str, Any]
LEVEL, WRONG = 0.95, 0.05
"""The coverage that is stated; how often the tests of all cells together may call one too low by mistake."""


def rate(hits: int, of: int) -> str:
    """A share with n and its exact 95 % interval (Clopper and Pearson).

    >>> rate(9, 10)
    '0.900 (9/10; 0.555–0.997)'
    """
    if not of:
        return "-"
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, of - hits + 1))
    high = 1.0 if hits == of else float(beta.ppf(0.975, hits + 1, of - hits))
    return f"{hits / of:.3f} ({hits}/{of}; {low:.3f}–{high:.3f})"


def below(hits: Sequence[tuple[int, int]]) -> list[bool]:
    """For each (hits, of): whether the rate is significantly below LEVEL, all cells together (Holm's procedure)."""
    chance = [float(binom.cdf(hit, of, LEVEL)) for hit, of in hits]
    out, left = [False] * len(chance), len(chance)
    for at in np.argsort(chance).tolist():
        if chance[at] > WRONG / left:
            break
        out[at], left = True, left - 1
    return out


def tables(rows: Iterable[Row]) -> str:
    """All tables of a file of runs."""
    by: dict[str, list[Row]] = {}
    for row in rows:
        by.setdefault(row["bench"], []).append(row)
    return "\n\n".join(WRITERS[name](some) for name, some in by.items())


def _groups(rows: list[Row], *names: str) -> list[tuple[tuple[Any, ...], list[Row]]]:
    def key(row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in names)

    return [(each, list(some)) for each, some in groupby(sorted(rows, key=key), key)]


def _hits(rows: list[Row], name: str) -> int:
    return sum(bool(row[name]) for row in rows)


def _wide(rows: list[Row]) -> str:
    """Median and 90 % quantile; then against the oracle's: ratio of medians and of means, median and 90 % quantile of
    each leak's own ratio (medians of different leaks' widths jump where widths have two humps: minutes and nights)."""
    ours, told = (np.array([row[name] for row in rows]) for name in ("width", "oracle_width"))
    own = ours / np.maximum(told, 1e-9)
    return (
        f"{np.median(ours):,.1f} | {np.quantile(ours, 0.9):,.1f} | {np.median(told):,.1f} | "
        f"{np.median(ours) / max(float(np.median(told)), 1e-9):.2f} | "
        f"{ours.mean() / max(float(told.mean()), 1e-9):.2f} | "
        f"{np.median(own):.2f} | {np.quantile(own, 0.9):.2f}"
    )


def cells(rows: list[Row], names: tuple[str, ...] = ("size", "altered", "stale")) -> str:
    """Coverage and width by cell, and what is wrong with it."""
    groups = _groups(rows, *names)
    low = below([(_hits(some, "covered"), len(some)) for _, some in groups])
    lines = [
        "| " + " | ".join(names) + " | covered | arg-max covers | median width h | p90 h | oracle h | ratio | "
        "of means | each leak's, median | p90 | |",
        "|--:" * len(names) + "|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for (key, some), bad in zip(groups, low, strict=True):
        ratio = np.median([row["width"] for row in some]) / max(np.median([row["oracle_width"] for row in some]), 1e-9)
        said = ", ".join(word for word, so in (("too low", bad), ("too wide", ratio > 1.5)) if so)
        told = (f"{each:,}" if name == "size" else f"{each:.0%}" for name, each in zip(names, key, strict=True))
        covered, naive = (rate(_hits(some, name), len(some)) for name in ("covered", "naive"))
        lines.append(f"| {' | '.join(told)} | {covered} | {naive} | {_wide(some)} | {said} |")
    total = rate(_hits(rows, "covered"), len(rows))
    parts = [
        f"{name} {key[0]}: {rate(_hits(some, 'covered'), len(some))}"
        for name in ("register", "profile", "several")
        if all(name in row for row in rows)
        for key, some in _groups(rows, name)
    ]
    spent = "; ".join(
        f"{key[0]:,} rows {np.median([row['ms'] for row in some]):.0f} ms" for key, some in _groups(rows, "size")
    )
    return "\n".join(lines) + f"\n\nAll: {total}. By {'; '.join(parts)}.\nMedian time of one dating: {spent}."


def clumped(rows: list[Row]) -> str:
    """The same for stale rows of whole employers."""
    return cells(rows, ("size", "stale"))


def payroll(rows: list[Row]) -> str:
    """January's payroll in November."""
    lines = [
        "| stale | a window of January | covers the extraction | open upwards | begins, median days before |",
        "|--:|---|---|---|--:|",
    ]
    for (stale,), some in _groups(rows, "stale"):
        shares = " | ".join(rate(_hits(some, name), len(some)) for name in ("january", "covered", "open"))
        lines.append(f"| {stale:.0%} | {shares} | {np.median([row['before'] for row in some]):.1f} |")
    return "\n".join(lines)


def pieces(rows: list[Row]) -> str:
    """How many pieces, beside what an oracle could say, and each dated."""
    lines = [
        "| pieces | order | rows | stale | number right | oracle tells | right where it does | crawl | dated | s |",
        "|--:|---|--:|--:|---|---|---|--:|---|--:|",
    ]
    for (count, order, size, stale), some in _groups(rows, "pieces", "order", "size", "stale"):
        right = [row["found"] == count and not row["crawl"] for row in some]
        told = [row["moments" if order == "shuffled" else "labels"] for row in some]
        both = sum(a and b for a, b in zip(right, told, strict=True))
        single = [(sum(row["dated"]), len(row["dated"])) for row, good in zip(some, right, strict=True) if good]
        hits, of = (sum(each) for each in zip(*single, strict=True)) if single else (0, 0)
        lines.append(
            f"| {count} | {order} | {size:,} | {stale:.0%} | {rate(sum(right), len(some))} | "
            f"{rate(sum(told), len(some))} | {rate(both, sum(told))} | {_hits(some, 'crawl')} | {rate(hits, of)} | "
            f"{np.median([row['s'] for row in some]):.2f} |"
        )
    single = [(sum(row["dated"]), len(row["dated"])) for row in rows if row["dated"]]
    hits, of = (sum(each) for each in zip(*single, strict=True))
    return "\n".join(lines) + f"\n\nSingle pieces within a region, where the number is right: {rate(hits, of)}."


def crawls(rows: list[Row]) -> str:
    """Crawls, and what they were taken for."""
    lines = [
        "| days | file | rows | told as a crawl | as an instant | covers all of it | touches it | median width, days |",
        "|--:|---|--:|---|--:|---|---|--:|",
    ]
    for (days, order, size), some in _groups(rows, "days", "order", "size"):
        instant = sum(not row["crawl"] and row["found"] == 1 for row in some)
        shares = " | ".join(rate(_hits(some, name), len(some)) for name in ("covered", "touches"))
        lines.append(
            f"| {days} | {order} | {size:,} | {rate(_hits(some, 'crawl'), len(some))} | {instant} | {shares} | "
            f"{np.median([row['width'] for row in some]) / 24:.1f} |"
        )
    return "\n".join(lines)


WRITERS: dict[str, Callable[[list[Row]], str]] = {
    "cell": cells, "clumped": clumped, "payroll": payroll, "pieces": pieces, "crawls": crawls,
}  # fmt: skip
