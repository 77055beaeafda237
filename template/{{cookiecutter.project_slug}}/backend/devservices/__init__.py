"""A database, a cache and an identity provider for development and tests, from Python packages alone.

Nothing here belongs in production: the identity provider signs whatever it is asked to.
"""
