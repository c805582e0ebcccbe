"""The parts of a report, one file each: a view of the trace in, blocks out."""
