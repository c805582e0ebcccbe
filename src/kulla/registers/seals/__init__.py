"""Seals on audit logs as they grow: what they say, and what a chain of them proves. Pure."""
