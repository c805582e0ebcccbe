"""Make `src/kulla/detect/attack.json` from the ATT&CK data that pySigma 0.11.23 carries.

    python tools/make_attack.py PATH/TO/sigma/data/mitre_attack.py > src/kulla/detect/attack.json

The input is MITRE ATT&CK 17.0 (Enterprise) as Python literals; it is parsed, never run. MITRE's notice is in NOTICE.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

KILL_CHAIN = (
    "reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation",
    "defense-evasion", "credential-access", "discovery", "lateral-movement", "collection", "command-and-control",
    "exfiltration", "impact",
)  # fmt: skip


def literals(source: str) -> dict[str, Any]:
    """The module's annotated constants by name."""
    return {
        node.target.id: ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None
    }


def table(data: dict[str, Any]) -> dict[str, Any]:
    """Version, tactics (id and short name, in kill-chain order) and techniques (id: name, numbers of tactics)."""
    ids = {name: tactic for tactic, name in data["mitre_attack_tactics"].items()}
    if set(ids) != set(KILL_CHAIN):
        raise SystemExit("the tactics are not those of ATT&CK 17.0: correct KILL_CHAIN")
    tactics = data["mitre_attack_techniques_tactics_mapping"]
    techniques = {
        technique: [name, *sorted(KILL_CHAIN.index(tactic) for tactic in tactics.get(technique, ()))]
        for technique, name in sorted(data["mitre_attack_techniques"].items())
    }
    return {
        "version": data["mitre_attack_version"],
        "tactics": [[ids[name], name] for name in KILL_CHAIN],
        "techniques": techniques,
    }


def main() -> None:
    """Read the file named on the command line and print the table, one technique a line."""
    made = table(literals(Path(sys.argv[1]).read_text(encoding="utf-8")))
    lines = ",\n".join(f"{json.dumps(key)}:{json.dumps(value)}" for key, value in made.pop("techniques").items())
    head = json.dumps(made, separators=(",", ":"))[:-1]
    sys.stdout.write(f'{head},"techniques":{{\n{lines}\n}}}}\n')


if __name__ == "__main__":
    main()
