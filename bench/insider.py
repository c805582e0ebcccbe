"""Who is found, when, and at what cost to the innocent: the insider watch on the exercise's profiles.

`python -m bench.insider --profile busy --profile quiet --seeds 1-20 --work DIR --markdown FILE --json FILE`

Each run watches 2,000 accounts for 120 days, with misdeeds by accounts of their own from the third month on. Runs are
kept in DIR, so that a bench that was stopped goes on. The threshold is that of `combine.THRESHOLD`, tuned on the
profiles TUNED alone; every figure published is of other profiles. The volume threshold beside it is drawn from the same
runs at the same budget, in its favour.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import orjson

from bench.insider_run import Plan, Run, kept_run
from bench.insider_score import Score, markdown, scores
from kulla.exercise.profile import names
from kulla.registers.insider.combine import THRESHOLD

TUNED = ("steady", "overdispersed")
"""The two profiles on which the threshold was chosen."""


def main() -> None:
    """Read the command line, watch what is not watched yet, write the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.insider")
    parser.add_argument("--profile", action="append", choices=names())
    parser.add_argument("--seeds", default="1-20", help="as 1-20 or 1,4,7")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    parser.add_argument("--only-kept", action="store_true", help="watch nothing anew: tables of what is there")
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    profiles = given.profile or [name for name in names() if name not in TUNED]
    plans = [Plan(profile, seed) for seed in seeds(given.seeds) for profile in profiles]
    runs: list[Run] = []
    for plan in plans:
        if given.only_kept and not (given.work / f"{plan.profile}-{plan.seed}.json").exists():
            continue
        runs.append(kept_run(plan, given.work))
        report(runs, given.threshold, given.markdown, given.json)
    print(markdown(scores(runs, given.threshold)))


def seeds(text: str) -> list[int]:
    """The seeds of `1-3` or `1,4`.

    >>> seeds("1-3"), seeds("2,5")
    ([1, 2, 3], [2, 5])
    """
    first, dash, last = text.partition("-")
    return list(range(int(first), int(last) + 1)) if dash else [int(each) for each in text.split(",")]


def report(runs: Sequence[Run], threshold: float, to_markdown: Path | None, to_json: Path | None) -> None:
    """Write what is known so far."""
    found: Score = scores(runs, threshold)
    if to_markdown:
        to_markdown.write_text(markdown(found), "utf-8")
    if to_json:
        to_json.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    main()
