"""The administrators' pages. They use nothing that the admin API has not."""

from dashboard.app import Dashboard
from dashboard.pages import SignInChoice

__all__ = ["Dashboard", "SignInChoice"]
