"""The state folder and the few files that the program makes there, each for its owner alone."""

import os
import secrets
import stat
from pathlib import Path

from outerward.errors import OuterwardError

_OURS = frozenset({"store", "store.extent", "secret", "admin-token"})
_SHORTEST_SECRET = 32


class StateFolder:
    """The folder ``path``; it is made when something is first needed of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.store = path / "store"
        self.admin_token = path / "admin-token"
        self._secret = path / "secret"

    def make(self) -> None:
        """Create the folder, closed to everybody else. Raises OuterwardError."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if stat.S_IMODE(self.path.stat().st_mode) & 0o077:
                self._close_to_others()
        except OSError as error:
            raise OuterwardError(f"the state folder {self.path} cannot be used: {error.strerror}") from error

    def _close_to_others(self) -> None:
        foreign = sorted(entry.name for entry in self.path.iterdir() if entry.name not in _OURS)
        if foreign:
            raise OuterwardError(
                f"the state folder {self.path} is open to others and holds other files ({foreign[0]!r}): "
                "name a folder of its own under state, or take the rights of others away (chmod 700)"
            )
        self.path.chmod(0o700)

    def store_secret(self) -> str:
        """The secret that encrypts what the store must not show, made at the first start.

        Raises OuterwardError when the file cannot be read or written, or holds no secret.
        """
        self.make()
        try:
            if not self._secret.exists():
                write_private(self._secret, secrets.token_urlsafe(32) + "\n")
            secret = self._secret.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise OuterwardError(f"{self._secret} cannot be used: {error}") from error
        if len(secret) < _SHORTEST_SECRET:
            raise OuterwardError(f"{self._secret} holds no secret; remove it to have a new one made")
        return secret


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` by rename, readable for its owner alone."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
