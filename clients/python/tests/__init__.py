"""Tests against a real gateway; `python -m unittest` in clients/python runs them."""
