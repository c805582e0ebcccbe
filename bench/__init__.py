"""Measurements: speed and memory beside the strongest peers, and ordinary weeks of logs to count false alarms in."""
