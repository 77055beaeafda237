"""Tests of the backend; those that need a database get a real one, as the role that serves."""
