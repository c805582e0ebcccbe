"""Events: from bytes of any log format to batches of events."""
