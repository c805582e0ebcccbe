"""The edge of the room: folders of a centre, the log of runs, and the trace itself, from files to trace.json."""
