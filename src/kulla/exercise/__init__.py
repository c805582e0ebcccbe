"""The exercise: a synthetic country with its registers, staff, honest reads and scripted misdeeds."""
