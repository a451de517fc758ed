"""The program: configuration, command line, processes, demo."""

__version__ = "0.1.0"
