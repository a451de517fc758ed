"""The admin API: users, sessions and tokens over HTTP."""

from admin_api.app import create_app
from admin_api.server import AdminRunner
from admin_api.settings import AdminSettings

__all__ = ["AdminRunner", "AdminSettings", "create_app"]
