"""From reads to findings about accounts: counts by day, baselines, signals, one score, an explanation. Pure."""
