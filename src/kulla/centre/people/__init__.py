"""Users, constituents, zones and roles, and the one door through which rows are reached."""
