"""Marked copies of register data: made from rows and decoys, written, and searched for marks again."""
