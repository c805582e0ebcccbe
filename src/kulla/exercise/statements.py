"""Acts as statements: text, bound values, and the rows that a server gives for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from kulla.exercise.acts import (
    AGGREGATE,
    APPLICATION,
    COMMENT,
    COPY,
    CURSOR,
    KEY_PAGE,
    LIST,
    PAGE,
    PAGE_ROWS,
    PREPARED,
    SCAN,
    Acts,
)
from kulla.exercise.contents import Contents, period_at
from kulla.exercise.templates import COLUMNS, form
from kulla.exercise.tools import application
from kulla.exercise.workdays import SECOND

_NAME: Final = re.compile(r":([a-z]+)")


@dataclass(frozen=True, slots=True)
class Act:
    """One act as plain values: see `kulla.exercise.acts`."""

    account: int
    user: int
    grade: int
    time: int
    started: int
    shape: int
    how: int
    target: int
    extra: int
    form: int
    session: int
    cased: bool
    client: int
    tool: int
    misdeed: int
    hidden: bool


def each_act(acts: Acts) -> list[Act]:
    """The acts one by one."""
    started = acts.time - (acts.seconds * SECOND).astype(np.int64)
    columns = (acts.account, acts.user, acts.grade, acts.time, started, acts.shape, acts.how, acts.target, acts.extra,
               acts.form, acts.session, acts.cased, acts.client, acts.tool, acts.misdeed, acts.hidden)  # fmt: skip
    return [Act(*values) for values in zip(*(column.tolist() for column in columns), strict=True)]


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement that was sent.

    Attributes:
        text: with `$1` … where values are bound; parameters: those, as text.
        application: the application_name in force.
        rows: how many the server gave, wherever the log does not tell.
        persons: those whose records were read.
    """

    text: str
    parameters: tuple[str, ...]
    application: str
    rows: int
    persons: NDArray[np.int64]


class Asker:
    """Gives each act its statement. trick: the family of a misdeed by its number, for those that bend the text."""

    def __init__(self, contents: Contents, names: tuple[str, ...], trick: Callable[[int], str]) -> None:
        self._contents, self._names, self._trick = contents, names, trick

    def asked(self, act: Act) -> Asked:
        """The statement of an act, with what it gave."""
        register = self._contents.register
        chosen = form(register, act.shape, act.form, act.shape in (PAGE, SCAN, AGGREGATE) and act.target < 0)
        text = chosen.text
        if act.shape == KEY_PAGE and act.target <= 0:
            # There is no id before the first: such a page has no lower bound.
            text = text.replace("where nid > :nid and", "where").replace("where nid > :nid ", "")
        rows = self._contents.rows(act.shape, act.target, act.extra, act.started, ":period" in text)
        if act.misdeed >= 0 and self._trick(act.misdeed) == "error_after_read":
            bomb = f", 1/(case when nid = '{self._contents.last_nid()}' then 0 else 1 end) from "
            text = text.replace(" from ", bomb, 1)
        if act.how == COPY and application(act.tool) == "pg_dump":
            text = f"COPY public.{register} ({', '.join(COLUMNS[register])}) TO stdout;"
            rows = self._contents.rows(SCAN, -1, 0, act.started, False)
        else:
            text = _wrapped(act, text)
        text, parameters = self._filled(act, text)
        # The same for every read of the same person by the same account, as a case is.
        doer = act.user if act.user >= 0 else act.account
        case = f"{1970 + act.time // 31_556_952_000_000}/{(doer * 7_919 + act.target) % 90_000}"
        told = self._told(act, case)
        if told and act.grade == COMMENT:
            text = f"/* {'; '.join(told)} */ {text}"
        name = application(act.tool)
        if told and act.grade != COMMENT:
            name = ";".join((name, *told))[:63]
        return Asked(text, parameters, name, self._count(act, text, rows), self._contents.persons(rows))

    def _told(self, act: Act, case: str) -> list[str]:
        told = [f"user={self._names[act.user]}"] if act.user >= 0 and act.grade in (APPLICATION, COMMENT) else []
        return [*told, f"case={case}"] if act.cased else told

    def _count(self, act: Act, text: str, rows: NDArray[np.int64]) -> int:
        if act.shape != AGGREGATE:
            return rows.size
        return self._contents.groups(rows, text.rpartition("group by ")[2]) if "group by" in text else 1

    def _values(self, act: Act) -> dict[str, str | int | list[str]]:
        contents, frame = self._contents, self._contents.frame
        values: dict[str, str | int | list[str]] = {
            "period": period_at(act.started), "offset": act.extra * PAGE_ROWS, "limit": act.extra,
        }  # fmt: skip
        if act.shape == LIST:
            values["employer"] = frame.employer_ids[act.target]
        elif act.shape == KEY_PAGE:
            values["nid"] = contents.before(act.target)
        elif act.shape in (PAGE, SCAN, AGGREGATE):
            values["municipality"] = frame.municipalities[act.target]
        else:
            ids = [contents.nid(each, act.time // 1000) for each in contents.asked(act.shape, act.target, act.extra)]
            values |= {"nid": ids[0] if ids else "", "nids": ids, "list": ids}
        return values

    def _filled(self, act: Act, text: str) -> tuple[str, tuple[str, ...]]:
        """The text with its values: bound for prepared statements, else written out."""
        if ":" not in text:
            return text, ()
        values, bound = self._values(act), act.how == PREPARED
        parameters: list[str] = []

        def one(value: str | int) -> str:
            if bound:
                parameters.append(str(value))
                return f"${len(parameters)}"
            return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"

        def placed(found: re.Match[str]) -> str:
            value = values[found[1]]
            if found[1] == "list" and isinstance(value, list):
                return ", ".join(one(each) for each in value)
            return one("{" + ",".join(value) + "}" if isinstance(value, list) else value)

        return _NAME.sub(placed, text), tuple(parameters)


def _wrapped(act: Act, text: str) -> str:
    if act.how == COPY:
        return f"copy ({text}) to stdout"
    if act.how == CURSOR:
        return f'declare "c{act.session % 7}" cursor for {text}'
    # Tools in which people write by hand leave line breaks in statements.
    by_hand = "SQLEditor" in application(act.tool) or application(act.tool).startswith("pgAdmin")
    return text.replace(" from ", "\nfrom ").replace(" where ", "\n where ") if by_hand else text
