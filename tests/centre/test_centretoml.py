from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.centretoml import CentreToml, read, text_of
from kulla.errors import ConfigError

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
NAMES = TEXT.filter(lambda s: s.strip())
PLAIN = st.one_of(TEXT, st.integers(-9, 9), st.booleans(), st.lists(TEXT, max_size=2))
ID = "0123456789abcdef"


@given(NAMES, st.lists(NAMES, max_size=2), st.dictionaries(st.sampled_from(["mail", "a b", "ë"]), st.dictionaries(
    st.sampled_from(["host", "x.y", ""]), PLAIN, max_size=2), max_size=2), st.booleans())  # fmt: skip
def test_what_is_written_is_read_back(name: str, anchors: list[str], more: dict[str, object], exercise: bool) -> None:
    told = CentreToml(name, "a.example", ID, anchors=tuple(anchors), more=more, exercise=exercise, keys=name)
    assert read(text_of(told), "t") == told


def test_a_folder_of_received_registers_is_version_0() -> None:
    assert read("schema = 1\n", "t").version == 0


WHOLE = text_of(CentreToml("Q", "a.example", ID))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("schema = 1", "schema = 2", "newer Kulla"),
        ("version = 1", "version = 2", "newer Kulla"),
        ("version = 1", 'version = "1"', "whole number"),
        ("version = 1", "version = true", "whole number"),
        ('name = "Q"', "name = 1", "name must be a text"),
        ('name = "Q"', 'name = " "', "name and host"),
        ('host = "a.example"', 'host = "a b"', "name and host"),
        ('tls = "self-signed"', 'tls = "off"', "tls must be one of"),
        ('tls = "self-signed"', 'tls = "files"', "tls_cert and tls_key"),
        ('database = "sqlite"', 'database = "postgresql://u:p@h/d"', "stands elsewhere"),
        ("anchors = []", "anchors = [1]", "folders"),
        ('listen = "127.0.0.1:8443"', 'listen = "x"', "address:port"),
        ('id = "' + ID, 'id = "X', "16 hexadecimal"),
        ("exercise = false", "exercise = false\nother = 1", "no such setting: other"),
        ("exercise = false", "exercise = false\napi_token = 'x'", "secrets do not stand here"),
        ("exercise = false", "exercise = false\n[mail.imap]\nPassword = 'x'", r"mail\.imap\.Password"),
        ("exercise = false", "exercise = ", "not TOML"),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, why: str) -> None:
    assert old in WHOLE
    with pytest.raises(ConfigError, match=why) as told:
        read(WHOLE.replace(old, new), "c.toml")
    assert str(told.value).startswith("c.toml")
    assert "u:p@h" not in str(told.value)
