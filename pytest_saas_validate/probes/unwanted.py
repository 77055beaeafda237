"""Addresses at which something is often served that should not be."""

from __future__ import annotations

DOCUMENTATION = (
    *("/docs", "/redoc", "/openapi.json", "/swagger", "/api/docs", "/api/openapi.json", "/openapi.yaml"),
    *(
        "/swagger.json",
        "/swagger-ui",
        "/api-docs",
        "/scalar",
        "/rapidoc",
        "/graphql",
        "/docs/oauth2-redirect",
    ),
)
TEST_ROUTES = (
    *("/test", "/debug", "/__debug__", "/api/test", "/api/debug", "/sentry-debug", "/debug-sentry", "/error"),
    *("/boom", "/echo", "/env", "/config", "/admin", "/.env", "/debug/vars", "/trigger-error"),
)
