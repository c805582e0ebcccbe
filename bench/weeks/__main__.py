"""`python -m bench.weeks OUT --seed 1 --weeks 1 --scale 1.0 [--intrusion NAME]`"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from bench.weeks.generate import Plan, generate
from bench.weeks.intrusion import INTRUSIONS


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.weeks", description="Ordinary weeks of server logs, by seed."
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--weeks", type=int, default=1, choices=range(1, 17), metavar="1-16")
    parser.add_argument("--days", type=int, help="instead of whole weeks")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--intrusion", choices=sorted(INTRUSIONS))
    given = parser.parse_args()
    began = time.process_time()
    hours = given.days * 24 if given.days else given.weeks * 168
    count = generate(given.out, Plan(given.seed, hours, given.scale, given.intrusion))
    took = time.process_time() - began
    print(f"{count} records in {took:.1f} s of processor time ({count / took:.0f} a second)")


if __name__ == "__main__":
    main()
