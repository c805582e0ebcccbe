"""`kulla leak`: from a leaked file to what explains it."""
