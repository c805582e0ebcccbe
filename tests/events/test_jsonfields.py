"""Fast columns are what reading every event whole gives."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kulla.events import jsonnames
from kulla.events.fields import Fields
from kulla.events.formats._api import Context, Parsed
from kulla.events.jsonevents import Texts, events_of
from kulla.events.jsonfields import JsonFields
from kulla.events.jsonslow import read_row

NAMES = ["a", "A", "b", "a.b", "a.b.c", "a_b", "Image", "image", "x y", 'q"', "\\", "'", "[0]", "a[0]", "é",
         "É", "#text",
         "#attributes", "Data", "Event", "System", "EventData", "UserData", "winlog", "event_data",
         "EventID", "Channel",
         "Computer", "Provider", "Provider_Name", "Name", "TimeCreated", "SystemTime", "process", "process.pid", "pid",
         "Execution", "ProcessID", "Execution_ProcessID", "event_id", "", "\u0000", "@Name", "Keywords"]  # fmt: skip
ASKED = [*NAMES, "EventID_Qualifiers", "System.Channel", "EventData.a", "winlog.a", "a.Name", "a_Name", "Data_Name",
         "process.pid.a", "Event.a", "a.a", "Security_UserID", "Provider.Name", "none"]  # fmt: skip

texts = st.one_of(
    st.sampled_from(["", "x", "{1-2}", '{"a":1}', "{}", "[1]", "[", "1.50", "1e5", "NaN", "<Data Name='a'>v</Data>",
                     "\u0000", "é😀", "\r\n\t\"\\/", "  {\"a\":2}", "null"]),
    st.text(max_size=6),
)  # fmt: skip
scalars = st.one_of(
    texts, st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=6,
)
members = st.dictionaries(st.sampled_from(NAMES), values, max_size=5)
systems = st.builds(
    lambda most, more: {"EventID": 1, **most, **more},
    st.fixed_dictionaries(
        {},
        optional={
            "EventID": st.sampled_from([4624, "7", {"#attributes": {"Qualifiers": 1}, "#text": 6009}, {"#text": [1]}]),
            "Provider": st.sampled_from([{"#attributes": {"Name": "P"}}, {"Name": "P"}, "P", None, []]),
            "Channel": st.sampled_from(["Security", None, ["a", "b"]]),
            "TimeCreated": st.sampled_from([{"#attributes": {"SystemTime": "2024-01-01T00:00:00Z"}}, "2024-01-01", {}]),
            "Security": st.sampled_from([None, {"#attributes": {"UserID": "S-1"}}]),
        },
    ),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=1),
)
rendered = st.builds(
    lambda system, parts, more, top: {"Event": {"System": system, **parts, **more}, **top},
    systems,
    st.fixed_dictionaries({}, optional={"EventData": st.one_of(members, values), "UserData": values}),
    st.one_of(st.just({}), members),
    st.one_of(st.just({}), members),
)
winlogbeat = st.builds(
    lambda data, winlog, top: {**top, "winlog": {"event_id": 1, "event_data": data, **winlog}},
    st.one_of(members, values),
    members,
    members,
)
events = st.one_of(members, rendered, winlogbeat)


@st.composite
def rows(draw: st.DrawFn) -> str:
    return _row(draw).encode("utf-8", "replace").decode()


def _row(draw: st.DrawFn) -> str:
    event = draw(events)
    text = json.dumps(event, ensure_ascii=draw(st.booleans()))
    change = draw(st.integers(0, 9))
    if change == 0 and text != "{}":
        return text[:-1] + "," + json.dumps(draw(st.sampled_from(NAMES))) + ":" + json.dumps(draw(values)) + "}"
    if change == 1:
        return text[:-1] + (", " if event else "") + '"n":NaN}'
    if change == 2 and event:
        return text[:-1] + ",}"
    if change == 3:
        return text[:-1] + (", " if event else "") + '"a":"\\ud800x"}'
    return text


def parsed(texts: Sequence[str], flat: bool | None, wanted: Sequence[str] = ()) -> Parsed:
    raw = pa.array(texts, pa.large_string())
    return events_of("t", Texts(raw, np.arange(len(texts), dtype=np.int64) + 1), Context(wanted=wanted), flat)


def expected(raw: Sequence[str], name: str) -> list[tuple[int, str]]:
    return [
        (number, member.text)
        for number, text in enumerate(raw)
        for member in read_row(text)
        if member.plain == name and member.text is not None
    ]


def got(fields: Fields, name: str) -> list[tuple[int, str]]:
    values = fields.column(name)
    return [] if values is None else list(zip(values.rows.tolist(), values.text.to_pylist(), strict=True))


@settings(max_examples=80, deadline=None)
@given(st.lists(rows(), min_size=1, max_size=6), st.booleans(), st.lists(st.sampled_from(ASKED),
       max_size=20),
       st.lists(st.sampled_from(ASKED), min_size=1, max_size=8))  # fmt: skip
@example(['{"a":1,"a":2}'], True, ["a"], ["a"])
@example(['{"a":{"b":1}}', '{"a.b":2}', '{"a":[{"b":3}]}'], True, ["a.b"], ["a.b", "a"])
@example(['{"a":12345678901234567890123}', '{"a":1e400}', '{"a":-0}', '{"a":1.50}'], True, ["a"], ["a"])
def test_fast_columns_are_slow_ones(texts: list[str], flat: bool, first: list[str], then: list[str]) -> None:
    run = parsed(texts, flat, first)
    raw = run.raw.to_pylist()
    assert isinstance(run.fields, JsonFields)
    for name in dict.fromkeys([*then, *first]):
        assert got(run.fields, name) == expected(raw, name), name
    assert len(raw) + len(run.rejects) == len(texts)


@settings(max_examples=40, deadline=None)
@given(st.lists(rows(), min_size=1, max_size=5), st.booleans())
def test_rows_columns_and_whole_agree(texts: list[str], flat: bool) -> None:
    run = parsed(texts, flat)
    assert isinstance(run.fields, JsonFields)
    whole = run.fields.whole().to_pylist()
    for number, pairs in enumerate(whole):
        row = run.fields.row(number)
        assert sorted(value for _, value in pairs if value is not None) == sorted(v for vs in row.values() for v in vs)
        assert len({name for name, _ in pairs}) == len(pairs)
    some = np.array([*range(len(whole))][::-2], np.int32)
    assert run.fields.pairs_of(some) == [whole[row] for row in some.tolist()]


@pytest.mark.parametrize(
    ("flat", "text", "name"),
    [
        (True, '{"a":[1,{"b":2}]}', "a"),
        (True, '{"a":{"b":2}}', "a.b"),
        (True, '{"Event":{"System":{"EventID":1},"EventData":{"a":1}}}', "a"),
        (True, '{"winlog":{"event_data":{"a":1}}}', "a"),
        (True, '{"EventData":" {\\"a\\":1}"}', "a"),
        (True, '{"a":1,"EventData":{"a":2}}', "a"),
        (False, '{"Event":{"System":{"EventID":1},"EventData":"{\\"a\\":1}"}}', "a"),
        (False, '{"Event":{"System":{"EventID":1},"EventData":["x"]}}', "EventData"),
        (False, '{"Event":{"System":{"EventID":1,"Provider":{"Name":"P"}}}}', "Provider_Name"),
        (False, '{"Event":{"System":{"EventID":1,"TimeCreated":"t"}}}', "TimeCreated"),
        (
            False,
            '{"Event":{"System":{"EventID":1,"Channel":"c"},"EventData":{"Channel":"d"}}}',
            "Channel",
        ),
        (
            False,
            '{"Event":{"System":{"EventID":1},"EventData":{"Data":[{"@Name":"a","#text":"v"}]}}}',
            "a",
        ),
        (False, '{"Event":{"System":{"EventID":1},"EventData":{"Data":{"@Name":"a","#text":"v"}}}}', "a"),
        (False, '{"Event":{"System":{"EventID":1},"EventData":{"a":{"#attributes":{"b":"v"}}}}}', "a_b"),
        (False, '{"Event":{"System":{"EventID":1},"UserData":{"X":{"a":"v"}}}}', "a"),
        (False, '{"Event":{"System":{"EventID":{"#text":[4]}}}}', "EventID"),
        (False, '{"Event":{"System":{"EventID":1}},"a":"v"}', "a"),
        (False, '{"a":"v","Event":1}', "a"),
        (False, '{"winlog":{"event_id":1},"process":[{"pid":3}]}', "process.pid"),
        (False, '{"winlog":{"event_id":1},"process":{"a.b":3}}', "process.a.b"),
        (False, '{"winlog":{"event_id":1,"event_data":"{\\"a\\":1}"}}', "a"),
        (False, '{"winlog":{"event_id":1,"event_data":{"a":1}},"a":2}', "a"),
        (False, '{"winlog":{"event_id":1,"user_data":{"a":1}}}', "a"),
        (False, '{"winlog":{"event_id":1,"process":{"pid":4}}}', "Execution_ProcessID"),
    ],
)
def test_events_in_doubt_are_read_whole(flat: bool, text: str, name: str) -> None:
    plain = '{"Event":{"System":{"EventID":3}}}'
    run = parsed([text, plain, text], flat, [name])
    assert isinstance(run.fields, JsonFields)
    assert got(run.fields, name) == expected([text, plain, text], name)
    assert expected([text], name)


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("name", ["payload", "p\\u0061yload"])
def test_names_that_differ_by_case_both_work(flat: bool, name: str) -> None:
    run = parsed([f'{{"Payload":"p","{name}":"q"}}', f'{{"{name}":"r"}}'], flat, ["Payload", "payload", "PAYLOAD"])
    assert got(run.fields, "Payload") == [(0, "p")]
    assert got(run.fields, "payload") == [(0, "q"), (1, "r")]
    assert run.fields.column("PAYLOAD") is None


@pytest.mark.parametrize("text", ['{"a":1,"a":2,"b":3}', '{"a":1,"a" :2,"b":3}', '{"a":{"b":1,"b":2},"b":3}',
                                  '{"a":1,"c":"\\":","a":2,"b":3}'])  # fmt: skip
@pytest.mark.parametrize("flat", [True, False])
def test_of_a_repeated_name_the_first_counts(text: str, flat: bool) -> None:
    run = parsed([text], flat, ["a", "a.b"])
    assert got(run.fields, "a") + got(run.fields, "a.b") == [(0, "1")]


def test_events_in_order_are_no_doubt() -> None:
    texts = ['{"Event":{"System":{"EventID":1},"EventData":{"a":"\\"x\\":1","b":[1,2]}}}', '{"r":[{"b":1},{"b":2}]}']
    run = parsed(texts, False, ["a", "b", "r.b"])
    assert isinstance(run.fields, JsonFields)
    assert got(run.fields, "b") == [(0, "1"), (0, "2")]
    assert got(run.fields, "r.b") == [(1, "1"), (1, "2")]
    assert run.fields.slow_count == 0


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        (
            ('{"Event":{"#attributes":{"xmlns":"u"},"System":{"Provider":{"#attributes":{"Name":"P","Guid":"G"}},'
            '"EventID":{"#attributes":{"Qualifiers":3},"#text":6009},"Execution":{"#attributes":{"ProcessID":4,'
            '"ThreadID":8}},"Security":{"#attributes":{"UserID":"S-1"}},"TimeCreated":{"#attributes":{"SystemTime":'
            '"2024-01-01T00:00:00Z"}}},"EventData":{"Image":"i","Data":{"#text":["x","y"]},"Binary":null}}}'),
            {"Provider_Name": ["P"], "Provider_Guid": ["G"], "EventID": ["6009"], "EventID_Qualifiers": ["3"],
             "Execution_ProcessID": ["4"], "Execution_ThreadID": ["8"], "Security_UserID": ["S-1"],
             "TimeCreated": ["2024-01-01T00:00:00Z"], "Image": ["i"], "Data": ["x", "y"]},
        ),
        (
            ('{"Event":{"System":{"EventID":104,"Channel":"System"},"UserData":{"LogFileCleared":{"#attributes":'
            '{"xmlns":"u"},"SubjectUserName":"n","Channel":"Security"}}}}'),
            {"EventID": ["104"], "System.Channel": ["System"], "Channel": ["Security"], "SubjectUserName": ["n"]},
        ),
        (
            ('{"@timestamp":"t","winlog":{"channel":"C","event_id":1,"event_data":{"Image":"i"},"process":{"pid":5},'
            '"api":"w"},"process":{"command_line":"c"}}'),
            {"@timestamp": ["t"], "Channel": ["C"], "EventID": ["1"], "Image": ["i"], "Execution_ProcessID": ["5"],
             "winlog.api": ["w"], "process.command_line": ["c"]},
        ),
        ('{"Task":1,"EventData":"{\\"Image\\":\\"i\\"}"}', {"Task": ["1"], "Image": ["i"]}),
        (
            '{"EventData":"<EventData>\\r\\n<Data Name=\\"A\\">1 &lt; 2</Data><Data Name=\\"B\\"/></EventData>"}',
            {"A": ["1 < 2"], "B": [""]},
        ),
        ('{"a":{"b":[1,{"c":true}]},"d":null}', {"a.b": ["1"], "a.b.c": ["true"]}),
    ],
)  # fmt: skip
def test_envelopes_are_stripped(text: str, fields: dict[str, list[str]]) -> None:
    assert parsed([text], None).fields.row(0) == fields


def test_what_is_no_object_is_rejected_with_its_position() -> None:
    run = parsed(['{"a":1}', "[1]", '{"a":', '{"a":"\t"}', "x", '{"b":2}'], None)
    assert run.raw.to_pylist() == ['{"a":1}', '{"a":"\t"}', '{"b":2}']
    assert [reject.position for reject in run.rejects] == [2, 3, 5]
    assert all("a" not in reject.reason.split() for reject in run.rejects if reject.position == 3)


def test_a_reject_may_end_in_half_a_character_of_the_message() -> None:
    texts = ['{"k":"' + "x" * pad + "é" * 200 + '","a":"\\ud800x"}' for pad in range(2)]
    run = parsed(texts, True)
    assert got(run.fields, "a") == [(0, "\ufffdx"), (1, "\ufffdx")]


def test_depth_is_no_danger() -> None:
    deep = '{"x":"1","a":' * 3000 + "1" + "}" * 3000
    run = parsed([deep, '{"x":"2"}'], True)
    assert got(run.fields, "x") == [(0, "1"), (1, "2")]
    assert run.fields.row(0)["x"] == ["1"]
    assert len(run.fields.whole()) == 2


@given(st.dictionaries(st.text(max_size=4), st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4)))
def test_pairs_are_the_members_in_short(event: dict[str, object]) -> None:
    assert jsonnames.pairs(event) == [(each.stored, each.text) for each in jsonnames.members(event)]


@pytest.mark.parametrize("name", ["EventData", "Event", "winlog", "System", "a[0]", "x.y"])
@pytest.mark.parametrize("value", ["<Data Name='a'>b</Data>", '{"a":1}', "plain", None, {"a": [1, {"b": 2}]}])
def test_pairs_of_what_may_nest_are_the_members_too(name: str, value: object) -> None:
    event: dict[str, object] = {name: value, "EventID": 1}
    assert jsonnames.pairs(event) == [(each.stored, each.text) for each in jsonnames.members(event)]
