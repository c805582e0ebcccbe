"""Fixtures of the registers' tests: a real PostgreSQL, started when first asked for."""

from __future__ import annotations

from pgserver import database, pg

__all__ = ["database", "pg"]
