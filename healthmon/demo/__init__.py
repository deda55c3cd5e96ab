"""Room of demo."""
