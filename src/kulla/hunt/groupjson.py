"""The findings of a run as one JSON object, for programs: the summary and the ranked groups."""

from __future__ import annotations

from kulla.hunt import words
from kulla.hunt.findings import Findings
from kulla.hunt.report.groupsview import label


def as_json(found: Findings) -> dict[str, object]:
    """Summary, ranked groups with why each stands there, and what was not read or not covered."""
    facts = found.facts
    stories = [story for story in found.incidents if len(story.members) > 1]
    incident = {at: label(number) for number, story in enumerate(stories) for at in story.members}
    return {
        "schema": 1,
        "events": facts.events,
        "files": facts.files,
        "hits": found.count,
        "levels": found.levels(),
        "time_first": words.moment(facts.time_first),
        "time_last": words.moment(facts.time_last),
        "interrupted": facts.interrupted,
        "groups": [
            {
                "rank": at + 1,
                "score": round(scored.score, 3),
                "rule_id": scored.group.key.rule_id,
                "title": scored.group.title,
                "level": scored.group.level,
                "tags": list(scored.group.tags),
                "host": scored.group.key.host,
                "entity": scored.group.key.entity,
                "hits": scored.group.count,
                "first": words.moment(scored.group.first),
                "last": words.moment(scored.group.last),
                "incident": incident.get(at),
                "why": found.why[at],
            }
            for at, scored in enumerate(found.ranked)
        ],
        "rules": {"loaded": facts.rules_loaded, "run": facts.rules_run, "errors": facts.rule_errors},
        "needs_value": [rule.rule_id for rule in facts.needs_value],
        "not_covered": [rule.rule_id for rule in facts.not_covered],
        "untimed": facts.untimed,
        "evicted": facts.evicted,
        "skipped": [{"file": each.file, "reason": each.reason} for each in facts.skipped],
        "rejected": facts.rejected,
        "rejects": [
            {"file": each.file, "position": each.position, "unit": each.unit, "reason": each.reason}
            for each in facts.rejects
        ],
    }
