"""Recordings of what devices answer, anonymised: for the tests, and for docs/supported.md."""
