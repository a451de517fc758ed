"""The demonstration: two providers, three applications and the edge on one machine, and its own check."""

from outerward.demo.run import run_demo

__all__ = ["run_demo"]
