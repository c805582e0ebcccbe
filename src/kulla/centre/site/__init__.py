"""The Django project: settings, addresses, middleware, and what every page shares."""
