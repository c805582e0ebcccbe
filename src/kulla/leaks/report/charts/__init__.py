"""Charts of our own drawing, as SVG that stands in a page or in a PDF."""
