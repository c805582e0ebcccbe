"""A table of duties and periods for each jurisdiction, as TOML."""
