"""The service: one FastAPI application, many tenants, one database."""
