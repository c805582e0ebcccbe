"""The edge of the registers on their owner's side: files read, pure functions called, results written."""
