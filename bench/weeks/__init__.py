"""Ordinary weeks of a small ministry's server logs, by seed, and intrusions to hide in them."""
