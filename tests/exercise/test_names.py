from __future__ import annotations

from kulla.exercise.names import SURNAMES, names, places, plain, spellings


def test_there_are_enough_names_and_they_carry_diacritics() -> None:
    known = names()
    assert len(known.men) + len(known.women) >= 600
    assert len(known.surnames) == SURNAMES == len(set(known.surnames))
    for each in (known.men, known.women, known.surnames):
        assert any(set(name) & set("ëçËÇ") for name in each)
        assert all(name == name.strip() and name[0].isupper() for name in each)


def test_few_names_are_borne_by_many() -> None:
    weight = names().surname_weight
    assert weight[:100].sum() > 5 * weight[2000:2100].sum()
    assert (weight[:-1] >= weight[1:]).all()


def test_spellings_hold_each_name_plainly_too() -> None:
    known, both = names().women, spellings("women").to_pylist()
    assert both[: len(known)] == list(known)
    assert both[len(known) :] == [plain(name) for name in known]
    assert plain("Përparim Çela Ësht") == "Perparim Cela Esht"


def test_there_are_61_municipalities_and_one_is_far_larger() -> None:
    people = sorted(places().municipalities.values())
    assert len(people) == 61
    assert people[-1] > 5 * people[-5]
