"""The admin API: users, sessions, events and tokens over HTTP."""

from admin_api.app import create_app
from admin_api.event_shapes import RenderEvent, event_renderer
from admin_api.server import AdminRunner
from admin_api.settings import AdminSettings
from admin_api.topology import Topology

__all__ = ["AdminRunner", "AdminSettings", "RenderEvent", "Topology", "create_app", "event_renderer"]
