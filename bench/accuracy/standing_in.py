"""Imported by an env.py of ours: what the tree's environment does not have is a stand-in."""

from __future__ import annotations

from bench.accuracy.stand_ins import Missing

Missing().install()
