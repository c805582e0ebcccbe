"""pySigma's SQLite backend in a loop: one SQL query a rule over one table of all events.

Needs `pip install pysigma pysigma-backend-sqlite pysigma-pipeline-sysmon pysigma-pipeline-windows` in an environment
of its own. The events are put into a table in memory first; that is part of the run, as parsing is of ours.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.peers._api import Call

_PROGRAM = r"""
import json, re, sqlite3, sys
from pathlib import Path
from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.pipelines.sysmon import sysmon_pipeline
from sigma.pipelines.windows import windows_logsource_pipeline

events = [json.loads(line) for line in open(sys.argv[1], "rb")]
rules = SigmaCollection.load_ruleset(sorted(Path(sys.argv[2]).glob("*.yml")), collect_errors=True).rules
backend = sqliteBackend(sysmon_pipeline() + windows_logsource_pipeline(), collect_errors=True)
names, seen = [], set()
for event in events:
    for name in event:
        if name.lower() not in seen and name.lower() != "line":
            seen.add(name.lower())
            names.append(name)
database = sqlite3.connect(":memory:")
def regexp(pattern, value):
    return value is not None and re.search(pattern, str(value)) is not None
database.create_function("REGEXP", 2, regexp)
quoted = ", ".join('"' + name.replace('"', '""') + '" COLLATE NOCASE' for name in names)
database.execute(f"CREATE TABLE logs (line INTEGER, {quoted})")
marks = ", ".join("?" * (len(names) + 1))
def cell(value):
    return value if value is None or isinstance(value, (str, int)) and abs(hash(value)) < 2**63 else json.dumps(value)
def rows():
    for number, event in enumerate(events, 1):
        folded = {name.lower(): value for name, value in event.items()}
        yield [number, *(cell(folded.get(name.lower())) for name in names)]
database.executemany(f"INSERT INTO logs VALUES ({marks})", rows())
failed = missing = 0
for rule in rules:
    try:
        queries = backend.convert_rule(rule) or []
    except Exception:
        queries = []
    failed += not queries
    for query in queries:
        try:
            found = database.execute(query.replace("SELECT *", "SELECT line", 1)).fetchall()
        except sqlite3.OperationalError:
            missing += 1  # most often a column that no event has
            continue
        for (line,) in found:
            print(json.dumps({"rule_id": str(rule.id), "line": line}))
print(json.dumps({"rules": len(rules), "not_converted": failed, "not_run": missing}), file=sys.stderr)
"""


@dataclass(frozen=True, slots=True)
class PysigmaSqlite:
    """The loop.

    Attributes:
        python: an interpreter whose environment has the four packages.
    """

    python: str

    @property
    def name(self) -> str:
        ask = "from importlib.metadata import version; print(version('pysigma-backend-sqlite'))"
        told = subprocess.run([self.python, "-c", ask], capture_output=True, text=True, check=True).stdout
        return f"pySigma SQLite backend {told.strip()} in a loop"

    def call(self, events: Path, rules: Path, work: Path, cores: int) -> Call:
        return Call((self.python, "-c", _PROGRAM, str(events), str(rules)), work / "pysigma-hits.jsonl")

    def hits(self, events: Path, rules: Path, work: Path) -> Iterator[tuple[str, int]]:
        argv = self.call(events, rules, work, 1).argv
        told = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        for line in told.splitlines():
            hit = orjson.loads(line)
            yield hit["rule_id"], hit["line"]
