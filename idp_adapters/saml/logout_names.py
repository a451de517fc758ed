"""The names that an identity provider ends sessions by: a NameID with a SessionIndex, or a NameID alone.

SAML Core §3.7.1. A session is kept under both from its login on; a LogoutRequest asks for either. Pure.
"""


def index_name(name_id: str, session_index: str) -> str:
    """The name of the one session ``session_index`` of ``name_id``."""
    # The length keeps the two apart, whatever they hold.
    return f"index {len(name_id)} {name_id} {session_index}"


def all_name(name_id: str) -> str:
    """The name of all sessions of ``name_id``."""
    return f"all {name_id}"
