"""Sequences to learn from: the classic tasks of the literature, made from seeds, and real series from public packages."""
