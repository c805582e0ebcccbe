"""From a database's audit to accesses: readers of logs, their interpretation, mappings for other sources."""
