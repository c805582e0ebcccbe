"""Decoys: invented persons in extracts, which tell whose copy a file is. Nothing here touches a citizen's row."""
