"""Things to do, each of one tenant."""
