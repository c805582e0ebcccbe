"""The pages of reports, letters and calls."""
