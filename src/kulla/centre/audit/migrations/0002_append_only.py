"""On PostgreSQL the table itself refuses changes. Whoever owns the database can lift that: anchors are for them."""

from __future__ import annotations

from typing import Any

from django.db import migrations

UP = """
CREATE OR REPLACE FUNCTION kulla_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$;
CREATE TRIGGER kulla_append_only BEFORE UPDATE OR DELETE ON audit_entry
FOR EACH ROW EXECUTE FUNCTION kulla_append_only();
"""
DOWN = "DROP TRIGGER IF EXISTS kulla_append_only ON audit_entry; DROP FUNCTION IF EXISTS kulla_append_only();"


def _run(sql: str) -> Any:
    def run(apps: Any, editor: Any) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(sql)

    return run


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(_run(UP), _run(DOWN))]
