from __future__ import annotations

import pytest

from kulla.centre.law.rsit import PERSONAL, find, types


def test_the_taxonomy_is_version_1003_of_enisa() -> None:
    # Counts by class as published: MISP taxonomy rsit, version 1003.
    counts: dict[str, int] = {}
    for id_ in types():
        counts[id_.partition(":")[0]] = counts.get(id_.partition(":")[0], 0) + 1
    assert counts == {
        "abusive-content": 3, "malicious-code": 4, "information-gathering": 3, "intrusion-attempts": 3, "intrusions": 5,
        "availability": 5, "information-content-security": 4, "fraud": 4, "vulnerable": 5, "other": 2, "test": 1,
    }  # fmt: skip
    assert "intrusions:system-compromise" in types()
    assert set(types()) >= PERSONAL


def test_types_speak_both_languages_and_have_their_machine_tag() -> None:
    for id_, type_ in types().items():
        assert type_.id == id_ == find(type_.tag).id
        for language in ("en", "sq"):
            assert type_.full_name(language)
            assert type_.about[language]
    with pytest.raises(KeyError):
        find("fraud:theft")
