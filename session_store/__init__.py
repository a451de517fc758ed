"""The session store: records, the check path, revocation, and the embedded server. Imports nothing else."""

from session_store.address import parse_address
from session_store.embedded import EmbeddedStore
from session_store.ends import Ends
from session_store.errors import (
    LoginOvertaken,
    NotConfirmed,
    OutOfStep,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from session_store.fastpath import Asker, Awaited
from session_store.ids import (
    EndpointId,
    IdSource,
    SessionId,
    TokenId,
    UserId,
    edge_id,
    endpoint_id,
    is_id,
    route_id,
)
from session_store.lifecycle import NOTICE_REASONS, EndReason, State
from session_store.notices import Ended
from session_store.pins import changed_pin, pins_of
from session_store.records import (
    Activity,
    ApiToken,
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    Endpoint,
    Location,
    PinKind,
    Pins,
    Principal,
    StoreTime,
    Tombstone,
    User,
    UserAgent,
    UserTag,
    decode,
    is_tombstone,
    user_tag,
)
from session_store.refreshes import RefreshTurn
from session_store.settings import StoreSettings
from session_store.store import Store
from session_store.tokens import new_token_secret
from session_store.views import Page, SessionView, Touch, UserView

__all__ = [
    "NOTICE_REASONS",
    "Activity",
    "ApiToken",
    "ApplicationSession",
    "Asker",
    "Awaited",
    "BrowserSession",
    "Context",
    "CookieHash",
    "EmbeddedStore",
    "EndReason",
    "Ended",
    "Endpoint",
    "EndpointId",
    "Ends",
    "IdSource",
    "Location",
    "LoginOvertaken",
    "NotConfirmed",
    "OutOfStep",
    "Page",
    "PinKind",
    "Pins",
    "Principal",
    "RefreshTurn",
    "SessionId",
    "SessionView",
    "State",
    "Store",
    "StoreError",
    "StoreRefused",
    "StoreSettings",
    "StoreTime",
    "StoreUnavailable",
    "TokenId",
    "Tombstone",
    "Touch",
    "User",
    "UserAgent",
    "UserId",
    "UserTag",
    "UserView",
    "changed_pin",
    "decode",
    "edge_id",
    "endpoint_id",
    "is_id",
    "is_tombstone",
    "new_token_secret",
    "parse_address",
    "pins_of",
    "route_id",
    "user_tag",
]
