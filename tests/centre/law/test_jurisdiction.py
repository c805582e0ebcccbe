from __future__ import annotations

import pytest

from kulla.centre.law.jurisdiction import LANGUAGES, read_jurisdiction, shipped
from kulla.centre.law.periods import Period
from kulla.errors import ConfigError

ONE = """schema = 1
code = "zz"
timezone = "Europe/Tirane"
name.en = "Z"
name.sq = "Z"
[[law]]
id = "l"
reading = "moment"
name.en = "Law"
name.sq = "Ligji"
source = "gazette"
[[duty]]
id = "d"
law = "l"
document = "dpa_notice"
bearer = "controller"
starts = "aware"
period = "72 hours"
article = "1"
verified = true
checked.en = "the text"
checked.sq = "teksti"
name.en = "D"
name.sq = "D"
"""


def test_the_laws_periods_are_those_of_their_articles() -> None:
    eu = shipped()["eu"]
    told = {duty.id: (duty.article, duty.period, duty.bearer) for duty in eu.duties if duty.period}
    # Directive (EU) 2022/2555, article 23; Regulation (EU) 2016/679, article 33.
    assert told == {
        "early_warning": ("23(4)(a)", Period(24, "hours"), "entity"),
        "notification": ("23(4)(b)", Period(72, "hours"), "entity"),
        "notification_trust": ("23(4), last subparagraph", Period(24, "hours"), "entity"),
        "final_report": ("23(4)(d) and (e)", Period(1, "months"), "entity"),
        "final_after_handling": ("23(4)(e)", Period(1, "months"), "entity"),
        "answer": ("23(5)", Period(24, "hours"), "centre"),
        "dpa_notice": ("33(1)", Period(72, "hours"), "controller"),
    }
    assert eu.duty("answer").where_possible


@pytest.mark.parametrize("code", sorted(shipped()))
def test_every_table_has_sources_and_says_what_was_not_read(code: str) -> None:
    jurisdiction = shipped()[code]
    assert jurisdiction.verified == (code == "eu")
    for law in jurisdiction.laws.values():
        assert law.source
        assert all(law.note[language] for language in LANGUAGES)
        if not jurisdiction.verified:
            assert law.reading == "moment", "what was not read is counted so that no time told is too late"
    assert {duty.bearer for duty in jurisdiction.duties} == {"entity", "centre", "controller", "processor"}


def test_a_table_of_ones_own_is_read() -> None:
    told = read_jurisdiction(ONE, "zz.toml")
    assert (told.code, told.duty("d").period, told.zone.key) == ("zz", Period(72, "hours"), "Europe/Tirane")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("schema = 1", "schema = 2", "zz.toml:1: schema: must be 1"),
        ("Europe/Tirane", "Europe/Atlantis", "zz.toml:3: timezone: is no zone"),
        ('reading = "moment"', 'reading = "loose"', "zz.toml:8: law.reading: must be one of moment, 1182/71"),
        ("72 hours", "three days", "zz.toml:18: duty.period: a period is written as"),
        ('law = "l"', 'law = "m"', "zz.toml:14: duty.law: must be one of l"),
        ("verified = true", "verified = 1", "zz.toml:20: duty.verified: must be true or false"),
        ('starts = "aware"', 'starts = "alert"', "zz.toml:17: duty.starts: must be one of aware"),
        ("checked.sq", "checked.fr", "zz.toml:21: duty.checked.sq: is missing"),
        ('article = "1"', 'article = "1"\nmood = "x"', "zz.toml:20: duty.mood: is no key here"),
    ],
)
def test_a_fault_is_told_with_file_and_line(old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_jurisdiction(ONE.replace(old, new, 1), "zz.toml")
    assert told in str(raised.value)


def test_two_duties_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"zz.toml:26: duty.id: is another"):
        read_jurisdiction(ONE + ONE[ONE.index("[[duty]]") :], "zz.toml")
    with pytest.raises(ConfigError, match="has no duty"):
        read_jurisdiction(ONE[: ONE.index("[[duty]]")], "zz.toml")
