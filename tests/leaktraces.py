"""Traces as a desk would make them, for reports and packages: one function a situation, all values invented."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from kulla.leaks.assess import assess, facts_of
from kulla.leaks.candidate import Attribution, Candidate, CopyMatch, Line, Margin, Ratio
from kulla.leaks.leads import KINDS
from kulla.leaks.trace import Input, RegisterUsed, TableFound, Trace

T0 = datetime(2025, 11, 3, 13, 5, 20, tzinfo=UTC)
HASH = "9f2c4e1ab07d3358c6e0b1a4f7d92e63518c0fa2b4d6e8907a1c3e5f70912b4d"
SALARIES = ("national_id", "given_name", "family_name", "employer", "salary", "period")
MEANINGS = ("national_id", "given_name", "family_name", "employer", "money", "period")


def iso(at: datetime) -> str:
    return at.isoformat()


def micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000


def window(start: datetime = T0, hours: float = 1.5, calibrated: bool = True, open_end: bool = False) -> dict[str, Any]:
    """A window whose curve falls off in steps at both sides, as register changes make it fall."""
    length = timedelta(hours=hours)
    last, curve = start + length, []
    for step in range(-60, 61):
        away = max(0.0, abs(step / 60) - 0.1)
        curve.append((iso(start + length * (0.5 + step / 40)), round(math.floor(away * 18) * 0.6, 3)))
    best = start + length * 0.35, start + length * 0.65
    return {
        "spans": [(iso(start), None if open_end else iso(last))], "best": (iso(best[0]), iso(best[1])), "level": 0.95,
        "drop": 2.4, "calibrated": calibrated, "epsilon": 0.012, "rows": 371_204, "contradicted": 4_460,
        "open_end": open_end, "curve": curve,
    }  # fmt: skip


def piece(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "register": "payroll", "file": 0, "table": "Sheet1", "rows": 412_118, "columns": SALARIES, "kind": "instant",
        "window": window(), "trajectory": (), "reference": ("2025-01", "2025-01"), "bic": (8_812_204.2, 7_120_001.9),
        "along": [1.0] * 38 + [0.4] + [0.0] * 21,
    }  # fmt: skip
    return made | changes


def candidate(account: str = "pay_clerk_17", **changes: Any) -> Candidate:
    made = Candidate(
        episode="3f9a1c0d77e2", account=account, pooled=False, kind="session", first=micros(T0),
        last=micros(T0 + timedelta(minutes=22)), reads=41,
        lines=(Line(HASH, 118_204, 118_204, "51b0c6b7d1e2f3a4"), Line(HASH, 118_211, 118_212, "77aa01b7d1e2f3a4")),
        client="10.20.4.17", application="payroll-desk/4.2", end_user="", end_user_grade="none", extent="exact",
        sealed="sealed", size=640_220, explained=370_900, contradicted=212, outside=40_500, missing_columns=(),
        weight=0.94, nats=18_402.7,
        ratios=(Ratio("pasted", 7992.2), Ratio("unlogged copy", 4.6), Ratio("episode 88d1e0aa4c01", 7310.4)),
        against=("contradicted|rows=212", "outside|rows=40500"), exonerating=("clear.case", "clear.other_use"),
    )  # fmt: skip
    return replace(made, **changes)


def others() -> tuple[Candidate, ...]:
    later = T0 + timedelta(days=2)
    return (
        candidate(
            "analyst_4", episode="88d1e0aa4c01", kind="statement", first=micros(later), last=micros(later), reads=1,
            size=2_980_112, explained=340_010, nats=1_570.1, weight=0.0, client="10.20.9.3",
            ratios=(Ratio("pasted", 681.9), Ratio("unlogged copy", -7304.1)), against=("contradicted|rows=31106",),
        ),
        candidate(
            "app_pool", episode="b27cc0014f09", pooled=True, kind="crawl", reads=9_120, extent="upper_bound",
            size=88_000, explained=51_200, nats=240.3, weight=0.02, sealed="late", end_user="besa.k",
            end_user_grade="application",
            against=("pooled", "forgeable", "upper_bound"), ratios=(Ratio("pasted", 104.4), Ratio("copy nightly", 0.1)),
        ),
    )  # fmt: skip


def attribution(**changes: Any) -> dict[str, Any]:
    made = Attribution(
        piece=0, outcome="episode", named=(0,), unexplained=0.021, candidates=(candidate(), *others()),
        considered=81_233, reads=10_204_118, copies=(), margin=Margin(True, 41.8, 4_000, HASH), withheld=(),
        log_from=micros(T0) - 10**14, log_to=micros(T0) + 10**13, covered=1.0, disagreement=False,
    )  # fmt: skip
    return plain(replace(made, **changes))


def plain(made: Attribution) -> dict[str, Any]:
    """As the trace holds it: times as ISO texts."""
    told: dict[str, Any] = asdict(made)
    owners = [(told, ("log_from", "log_to")), *((each, ("first", "last")) for each in told["candidates"])]
    for owner, keys in [*owners, *((each, ("frozen_at",)) for each in told["copies"])]:
        for key in keys:
            if owner[key] is not None:
                owner[key] = iso(datetime.fromtimestamp(owner[key] // 1_000_000, UTC))
    return told


def column(at: int, name: str, meaning: str) -> dict[str, Any]:
    return {"column": at, "register_column": name, "meaning": meaning, "category": "", "hits": 0.934 - at / 100,
            "chance": 0.0004 * at, "margin": 0.81, "compared": 412_118, "joined": ()}  # fmt: skip


def register(**changes: Any) -> RegisterUsed:
    made = RegisterUsed(
        name="payroll", owner="Tax Administration", constituent="finance", records=3_012_440, key_id="a1b2c3d4e5f60718",
        epoch=2, history_from="2023-12-01T00:00:00+00:00", history_to="2025-12-01T04:00:00+00:00", reconstructed=False,
        imprint_sha256=HASH, reads_sha256=HASH[::-1], reads=10_204_118,
        copies=({"name": "nightly", "kind": "backup", "frozen_at": None, "read_log": False},),
    )  # fmt: skip
    return replace(made, **changes)


def table(**changes: Any) -> TableFound:
    made = TableFound(
        file=0, table="Sheet1", register="payroll", linked_by="record",
        columns=tuple(column(at, *pair) for at, pair in enumerate(zip(SALARIES, MEANINGS, strict=True))),
        rows=637_138,
        verdicts={"exact": 560_004, "altered": 41_020, "invented_data": None, "no_such_person": 31_870,
                  "ambiguous": 4_188, "decoy": 0, "uncompared": 0},
        persons={"certain": 598_112, "probable": 2_904, "ambiguous": 4_188}, duplicates=1_102,
        altered_columns={"salary": 39_880, "employer": 1_140},
    )  # fmt: skip
    return replace(made, **changes)


def trace(**changes: Any) -> Trace:
    """A payroll pasted from two exports, the first explained by one episode."""
    late = T0 + timedelta(days=-96)
    made = Trace(
        case="2025/1182", purpose="preliminary investigation", actor="a.hoxha", second="m.leka",
        made="2025-12-01T09:30:00+00:00", kulla="0.2.0", leak=HASH,
        inputs=(
            Input(
                "Pagat e janarit FINAL.xlsx", HASH, 48_204_118, "xlsx", 637_138, ({"name": "Sheet1", "rows": 637_138},),
                {"author": "Ardi", "application": "Microsoft Excel 16.0", "last_saved_by": "PC-114\\user",
                 "created": "2025-11-09T20:14:00"},
                (), "a journalist", "inspector D. Prifti", "order 114/2025", "2025-11-28T10:00:00+00:00",
            ),
        ),
        registers=(register(),), tables=(table(),),
        persons={"payroll": {"certain": 598_112, "probable": 2_904, "ambiguous": 4_188}}, joined=(),
        pieces=(
            piece(),
            piece(rows=225_020, window=window(late, 30, calibrated=False), along=[0.0] * 38 + [0.6] + [1.0] * 21),
        ),
        attributions=(
            attribution(),
            attribution(piece=1, outcome="none", named=(), unexplained=1.0, candidates=others()[:1],
                        margin=Margin(False, 0.0, 0, "", "stale_calibration"), covered=0.62,
                        withheld=("no row of the piece ever stood so in the register",)),
        ),
        leads=(
            lead("pay_clerk_17", "candidate", logon=3, archive=1, media=1),
            lead("pay_clerk_02", "comparison", logon=4, archive=0, media=0),
        ),
        earlier=({"time": "2025-11-29T08:00:00+00:00", "case": "2025/1182", "outcome": ("none",)},),
        parameters={"seed": 7, "level": 0.95, "pi_unlogged": 0.01}, limits=("limit.unlogged", "limit.clock|seconds=5"),
    )  # fmt: skip
    made = replace(made, **changes)
    return made if "assessment" in changes else replace(made, assessment=assess(facts_of(made)).plain())


COARSE = column(0, "salary", "money") | {"hits": None, "chance": None, "margin": None, "compared": None}
"""A column as a centre tells it when it rests on few rows."""


def lead(account: str, role: str, **found: int) -> dict[str, Any]:
    told = {kind: found.get(kind) for kind in KINDS}
    span = iso(T0 - timedelta(hours=12)), iso(T0 + timedelta(hours=72))
    return {"account": account, "role": role, "piece": 0, "episode": "3f9a1c0d77e2", "from": span[0], "to": span[1],
            "found": told, "details": {}}  # fmt: skip


def one_piece(of: dict[str, Any], **changes: Any) -> Trace:
    """A trace of one piece with this attribution."""
    return trace(pieces=(piece(),), attributions=(of,), **changes)


def situations() -> dict[str, Trace]:
    """A trace for each outcome, by name."""
    second = candidate("pay_clerk_02", episode="c0ffee00aa11", nats=17_900.0, weight=0.41)
    copy = CopyMatch("nightly", "backup", micros(T0) - 10**11, ("dba_north", "Backup Ltd"), False, 12.5)
    two = (candidate(weight=0.55), second)
    crawl = tuple((100_000 * at, iso(T0 + timedelta(days=at**1.3))) for at in range(7))
    below = ("never_sealed", "below_margin")
    return {
        "episode": trace(),
        "set": one_piece(attribution(outcome="set", named=(0, 1), candidates=(*two, *others()))),
        "tie": one_piece(attribution(outcome="tie", named=(0, 1), candidates=two, withheld=("tie",))),
        "tie of one": one_piece(attribution(outcome="tie", named=(0,), withheld=("indistinguishable",))),
        "copy": one_piece(attribution(outcome="copy", named=(), copies=(copy,), candidates=others())),
        "none": one_piece(attribution(outcome="none", named=(), candidates=(), unexplained=1.0, log_from=None,
                                      log_to=None, covered=0.0)),
        "withheld": one_piece(attribution(outcome="episode", named=(), withheld=below,
                                          candidates=(candidate(sealed="never"), *others()))),
        "crawl": trace(pieces=(piece(kind="crawl", trajectory=crawl, window=window(T0, 24 * 9, open_end=True)),),
                       attributions=(attribution(),)),
        "centre": trace(pieces=(piece(window=window() | {"curve": [], "epsilon": None}, bic=(), rows=None),),
                        attributions=(attribution(unexplained=None),),
                        tables=(table(columns=(COARSE,), duplicates=None),)),
        "foreign": trace(tables=(), persons={}, pieces=(), attributions=(), leads=(), assessment=None),
        "electoral": trace(registers=(register(electoral=True),), leads=()),
    }  # fmt: skip


def tree(value: Any) -> Any:
    """A trace as plain JSON values."""
    return orjson.loads(orjson.dumps(value))
