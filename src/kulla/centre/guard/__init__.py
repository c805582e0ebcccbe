"""Registers and leaks on screen: reads, findings, copies, traces."""
