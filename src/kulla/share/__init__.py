"""What leaves the centre, and under which marks."""

from kulla.share.marks import AUDIENCES, PAPS, TLPS, Audience, Marks, Pap, Ruling, Tlp

__all__ = ["AUDIENCES", "PAPS", "TLPS", "Audience", "Marks", "Pap", "Ruling", "Tlp"]
