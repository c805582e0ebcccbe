"""The HTML report: one self-contained page that needs no network and reads without its script."""
