"""The centre: one process and one folder in which alerts become cases, with evidence, clocks and zones."""
