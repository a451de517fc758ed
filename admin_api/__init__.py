"""The admin API: users, sessions, events and tokens over HTTP."""

from admin_api.administration import Administration, Administrator, FindPerson, Person
from admin_api.app import AddPages, create_app
from admin_api.auth import Caller, Scope
from admin_api.event_shapes import RenderEvent, event_renderer
from admin_api.pipeline import new_operation_id
from admin_api.problems import Code, Problem, place_of
from admin_api.server import AdminRunner
from admin_api.settings import AdminSettings, RoleSettings
from admin_api.topology import Topology

__all__ = [
    "AddPages",
    "AdminRunner",
    "AdminSettings",
    "Administration",
    "Administrator",
    "Caller",
    "Code",
    "FindPerson",
    "Person",
    "Problem",
    "RenderEvent",
    "RoleSettings",
    "Scope",
    "Topology",
    "create_app",
    "event_renderer",
    "new_operation_id",
    "place_of",
]
