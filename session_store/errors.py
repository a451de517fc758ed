"""What can go wrong at the store, in the package's own few words."""


class StoreError(Exception):
    """The root of this package's errors."""


class StoreUnavailable(StoreError):
    """The store gave no usable answer in time; callers fail closed (503)."""


class OutOfStep(StoreUnavailable):
    """A check was answered by what belongs to another check; ``Store.begin_checks_anew`` mends it."""


class NotConfirmed(StoreUnavailable):
    """A write may or may not have taken effect; the caller repeats it."""


class StoreRefused(StoreError):
    """The store must not be used as it is: too old, evicting, locked, damaged; the text says which."""


class LoginBlocked(StoreError):
    """This person may not sign in, until ``until_ms`` (None: until somebody ends the block)."""

    def __init__(self, until_ms: int | None) -> None:
        super().__init__("an administrator has blocked this person")
        self.until_ms = until_ms


class LoginOvertaken(StoreError):
    """The user was deleted, or the provider ended the session, after this login began: it must begin anew."""
