from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from exercise.worlds import DAYS, SEED, START, country, profile, reads, staff

from kulla.exercise import simulate
from kulla.exercise.misdeeds import Misdeed
from kulla.registers import bitmap
from kulla.registers.schema import ACCESS_KINDS, EXPLANATIONS, EXTENTS, GROUPS, READ, STAFF

ORDERS = (Misdeed("low_and_slow", start=5, days=8, rate=9), Misdeed("error_after_read", start=15))


def test_tables_have_their_schemas() -> None:
    made = reads()
    assert made.schema.equals(READ)
    made.validate(full=True)
    assert staff().schema.equals(STAFF)
    assert simulate.groups(country()).schema.equals(GROUPS)
    assert simulate.groups(country())["record_no"].to_pylist() == list(range(1, country().persons + 1))


def test_reads_say_what_their_kind_can_tell() -> None:
    made = reads(name="busy")
    kinds, extents = set(made["kind"].to_pylist()), set(made["extent"].to_pylist())
    assert kinds <= set(ACCESS_KINDS)
    assert extents == set(EXTENTS)
    quiet = made.filter(pc.equal(made["kind"], "error"))
    assert quiet.num_rows
    assert all(quiet[name].null_count == quiet.num_rows for name in ("rows", "record", "records", "outside_remit"))
    assert set(quiet["outcome"].to_pylist()) <= {"error", "cancelled"}
    for kind in ("copy", "cursor"):
        some = made.filter(pc.equal(made["kind"], kind))
        assert some["rows"].null_count == some.num_rows
        assert set(some["extent"].to_pylist()) == {"upper_bound"}
    exact = made.filter(pc.equal(made["extent"], "exact"))
    assert exact["rows"].null_count == 0
    told = exact.slice(0, 4000).to_pylist()
    assert all(each["rows"] == (1 if each["record"] else bitmap.count(each["records"])) for each in told), (
        "rows is how many records were read"
    )
    assert all((each["record"] is None) != (each["records"] is None) for each in told)
    assert len(set(made["read_id"].to_pylist())) == made.num_rows


def test_reads_outside_the_listed_remit_are_counted() -> None:
    made = reads(name="reorganised")
    listed = staff("reorganised").to_pylist()
    places = country().municipalities
    sample = made.filter(pc.is_valid(made["outside_remit"])).slice(0, 1500).to_pylist()
    for each in sample:
        doer = each["end_user"] or each["account"]
        spans = [
            row for row in listed
            if row["account"] == doer and row["valid_from"] <= each["snapshot_to"]
            and (row["valid_to"] is None or each["snapshot_to"] < row["valid_to"])
        ]  # fmt: skip
        if len(spans) == 1:
            remit = spans[0]["remit"]
            numbers = [each["record"]] if each["record"] else bitmap.unpack(each["records"]).tolist()
            where = [places[country().municipality[number - 1]] for number in numbers]
            assert each["outside_remit"] == (sum(place not in remit for place in where) if remit else 0)


def test_the_same_arguments_give_the_same_reads() -> None:
    assert reads.__wrapped__(ORDERS).equals(reads(ORDERS))


def test_honest_reads_do_not_depend_on_misdeeds() -> None:
    names = ["account", "end_user", "snapshot_to", "record", "client", "session", "case_given", "template_id"]
    alone, along = (reads(orders).select(names) for orders in ((), ORDERS))
    known = np.isin(*(table["snapshot_to"].cast("int64").to_numpy() for table in (along, alone)))
    assert along.filter(pa.array(known)).to_pylist() == alone.to_pylist()
    told = simulate.truth(country(), staff(), profile(), SEED, DAYS, START, ORDERS)
    assert along.num_rows - alone.num_rows == sum(day[1] for truth in told for day in truth.daily) > 20


def test_a_staff_list_of_other_arguments_is_refused() -> None:
    with pytest.raises(ValueError, match="another"):
        next(simulate.days(country(), staff(), profile(), SEED + 1, DAYS, START))


def test_days_come_in_order_and_none_is_left_out() -> None:
    found = [day for day, _ in simulate.days(country(), staff(), profile(), SEED, DAYS, START)]
    assert found == [date.fromordinal(START.toordinal() + number) for number in range(DAYS)]


def test_explanations_clear_most_cases_and_reorganisations_offices() -> None:
    made = simulate.explanations(country(), staff("reorganised"), profile("reorganised"), SEED, DAYS, START)
    assert made.schema.equals(EXPLANATIONS)
    kinds = {each["values"]: each["counts"] for each in pc.value_counts(made["kind"]).to_pylist()}
    assert kinds["case_file"] > 2 * kinds["appointment"] > 0
    assert kinds["reorganisation"] > 0
    assert kinds["office"] + kinds["audit"] > 0
    assert kinds["job"] == profile("reorganised").staff.jobs
    assert pc.all(pc.less(made["valid_from"], made["valid_to"])).as_py()
    offices = made.filter(pc.equal(made["kind"], "reorganisation"))
    assert set(offices["group"].to_pylist()) <= set(country().municipalities)


def test_the_staff_list_has_a_line_for_each_span() -> None:
    made = staff("reorganised").to_pylist()
    several = {row["account"] for row in made if row["valid_to"] is not None}
    assert several
    assert {row["role"] for row in made if row["pooled"]} == {"application"}
    assert sum(row["administrator"] for row in made) == profile("reorganised").staff.administrators
    table = pa.Table.from_pylist(made, schema=STAFF)
    assert table.equals(staff("reorganised"))
    assert np.mean([row["remit"] is None for row in made]) < 0.6
