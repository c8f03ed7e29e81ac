"""Tests against a real gateway; run them with `python -m unittest` in clients/python."""
