"""Registers of personal data: what they hold, who reads whom, and misuse seen early, without holding the data."""
