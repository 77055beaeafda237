"""Schema changes, run by the role `migrator` before a release serves requests."""
