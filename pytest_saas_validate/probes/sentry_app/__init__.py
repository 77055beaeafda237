"""The generic app that drives values through a project's error reports.

The modules of this package are sent as text into the backend's environment and run there (`sentry_sent`), so
they import nothing but the standard library by name, each other relatively, and what the environment may have
by `importlib`. They know no project.
"""
