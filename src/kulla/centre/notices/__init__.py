"""Reports that come in, and calls that go out."""
