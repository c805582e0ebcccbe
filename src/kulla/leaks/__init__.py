"""Trace a leaked file: recognise its rows, date them, and find which audited access explains them, if one does."""
