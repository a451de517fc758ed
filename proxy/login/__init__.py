"""The login flow: from the login page to a session, and out again; its rim is the control app."""

from proxy.login.control_app import create_control_app
from proxy.login.dashboard import add_dashboard_login
from proxy.login.return_path import safe_return_path

__all__ = ["add_dashboard_login", "create_control_app", "safe_return_path"]
