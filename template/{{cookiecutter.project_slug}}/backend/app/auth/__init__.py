"""Who asks: bearer tokens of the identity provider."""
