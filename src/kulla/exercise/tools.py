"""What an account reads with: applications and their versions, computers, and which of a shape's statements it uses.

All of it changes over a year for innocent reasons: new versions reach offices one by one and bring new statements,
people sit at other desks or at home, and some take up a tool of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from kulla.exercise import draw
from kulla.exercise.acts import AGGREGATE, FAMILY, KEY_PAGE, LIST, LOOK_UP, PAGE, SAMPLE, SCAN
from kulla.exercise.workdays import Day

if TYPE_CHECKING:
    from kulla.exercise.honest import Honest

TOOL_OF_OWN: Final = 1
"""In an act not yet dressed: written by hand in a tool of the account's choice."""

OWN_TOOLS: Final = ("psql", "DBeaver 24.1.0 - SQLEditor <payroll.sql>", "pgAdmin 4 - CONN:4418120", "RStudio", "",
                    "Microsoft Excel", "python-report")  # fmt: skip
MACHINES: Final = ("pg_dump", "svc-batch/2.3", "etl-loader", "psql")
_OWN, _MACHINE = 1000, 2000

FORMS: Final = {LOOK_UP: 4, FAMILY: 2, LIST: 3, PAGE: 2, KEY_PAGE: 1, SAMPLE: 2, SCAN: 2, AGGREGATE: 3}
"""How many statements there are of each shape (`kulla.exercise.statements` spells them out)."""


def application(tool: int) -> str:
    """The application_name behind a number."""
    if tool >= _MACHINE:
        return MACHINES[tool - _MACHINE]
    return OWN_TOOLS[tool - _OWN] if tool >= _OWN else f"front-office/{1 + tool // 10}.{tool % 10}"


def machine(name: str) -> int:
    """The number of a machine's application. Raises ValueError for another name."""
    return _MACHINE + MACHINES.index(name)


def own(name: str) -> int:
    """The number of a tool of one's own. Raises ValueError for another name."""
    return _OWN + OWN_TOOLS.index(name)


def applications(
    staff: Honest, day: Day, doer: NDArray[np.integer], tool: NDArray[np.integer]
) -> NDArray[np.int16]:  # fmt: skip
    """The application's number for each act: the office's version of the client, or the account's own tool."""
    pick = draw.below(staff.seed, "tool/own", doer, len(OWN_TOOLS))
    # An account changes its tool when a day's draw falls below the yearly rate; the latest change counts.
    turns = draw.poisson(staff.seed, "tool/turns", doer, staff.habits.own_tool)
    turned = draw.uniform(staff.seed, "tool/turned", doer) * 365 < day.index
    pick = np.where((turns > 0) & turned, (pick + turns) % len(OWN_TOOLS), pick)
    return np.where(tool == TOOL_OF_OWN, _OWN + pick, _version(staff, day, doer)).astype(np.int16)


def _version(staff: Honest, day: Day, doer: NDArray[np.integer]) -> NDArray[np.int64]:
    office = staff.cases.remit_of(doer)[0]
    late = draw.below(staff.seed, "tool/office", office, max(staff.habits.upgrade_days, 1))
    made: NDArray[np.int64] = (day.index + late) // max(staff.habits.upgrade_days, 1)
    return made


def forms(
    staff: Honest, day: Day, doer: NDArray[np.integer], shape: NDArray[np.integer], stream: np.random.Generator
) -> NDArray[np.int8]:
    """Which of its shape's statements each act uses: the account's usual one for this version, or rarely another."""
    many = np.array([FORMS[each] for each in range(len(FORMS))])[shape]
    usual = draw.bits(staff.seed, "tool/form", (doer.astype(np.int64) * 64 + _version(staff, day, doer)) * 16 + shape)
    usual = (usual % 7 // 4 * (usual >> np.uint64(8)) % many.astype(np.uint64)).astype(np.int64)
    other = stream.random(doer.size) < 0.03
    made: NDArray[np.int8] = np.where(other, stream.integers(0, many), usual).astype(np.int8)
    return made


def clients(staff: Honest, day: Day, doer: NDArray[np.integer], stream: np.random.Generator) -> NDArray[np.int32]:
    """The computer's number: mostly the own desk, at times one close by, on some days from home."""
    near = stream.random(doer.size) < 0.02
    home = draw.chance(staff.seed, "tool/home", doer.astype(np.int64) * 4096 + day.index, 0.04)
    desk = np.where(near, np.maximum(doer - stream.integers(1, 6, doer.size), 0), doer)
    return np.where(home, (1 << 20) + doer, desk).astype(np.int32)


def address(client: int) -> str:
    """The address behind a computer's number: offices 10.20-35, homes (VPN) 10.64, pools 10.9.0."""
    if client < 0:
        return f"10.9.0.{10 - client}"
    if client >= 1 << 20:
        return f"10.64.{(client >> 8) & 255}.{client & 255}"
    return f"10.{20 + (client >> 16)}.{(client >> 8) & 255}.{client & 255}"
