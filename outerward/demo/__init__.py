"""The demonstration: a provider, two applications and the edge on one machine, and a check of all of it."""

from outerward.demo.run import run_demo

__all__ = ["run_demo"]
