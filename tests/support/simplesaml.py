"""A real SAML identity provider for tests: Debian's SimpleSAMLphp under ``php -S`` on a loopback port.

Its program is read where the package put it; everything that it is told or writes stands in a temporary
folder, so no web server is touched and any number of them run beside each other. Logins by Redirect and POST,
signed and encrypted as each service provider has it; logouts begun by either side, by Redirect and POST. A
test that starts one says so: ``@pytest.mark.needs("simplesamlphp")``.
"""

import json
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.support.browser import password_of
from tests.support.saml_idp import ServiceProvider, Users, free_port, new_pair, pair_of

PROGRAM = Path("/usr/share/simplesamlphp/www")
START_TIMEOUT_S = 30.0
_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_BINDINGS = {"redirect": _REDIRECT, "post": _POST}
_SIGNATURES = {
    "sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "sha1": "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
}
_UNTIL_STDIN_ENDS = '"$@" & cat > /dev/null; kill -9 $!'
_READS_JSON = """<?php
${name} = json_decode(file_get_contents(__DIR__ . '/{file}.json'), true, 64, JSON_THROW_ON_ERROR);
"""


class SimpleSamlServer:
    """The provider as a process of its own, a ``SamlIdp``.

    ``address`` is of loopback; cookies ignore ports, so two providers in one browser need two addresses.
    """

    def __init__(
        self, *, users: Users, service_providers: Sequence[ServiceProvider], address: str = "127.0.0.3"
    ) -> None:
        self.users = users
        self.service_providers = list(service_providers)
        self._address = address
        self._port = free_port(address)
        self._base = f"http://{address}:{self._port}"
        endpoints = f"{self._base}/saml2/idp"
        self.entity_id = self.metadata_url = f"{endpoints}/metadata.php"
        self.sso_url = f"{endpoints}/SSOService.php"
        self.slo_url = f"{endpoints}/SingleLogoutService.php"
        after = urlencode({"ReturnTo": f"{self._base}/saml2/idp/metadata.php?after=logout"})
        self.logout_url = f"{self.slo_url}?{after}"
        self._pair = pair_of(f"simplesamlphp {address}")
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def certificate_pem(self) -> str:
        """What verifies its signatures."""
        return self._pair.certificate_pem

    @property
    def log(self) -> str:
        """What it wrote of its work since it started."""
        assert self._folder is not None
        return (self._folder / "simplesamlphp.log").read_text()

    def login_url(self, entity_id: str, relay_state: str = "") -> str:
        """Where a person begins at the provider; the service provider gets a response it did not ask for."""
        query = {"spentityid": entity_id} | ({"RelayState": relay_state} if relay_state else {})
        return f"{self.sso_url}?{urlencode(query)}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._folder = Path(tempfile.mkdtemp(prefix="ow-simplesaml-"))
        self._write(self._folder)
        options = ["-d", "opcache.enable_cli=1", "-d", "display_errors=0", "-d", "log_errors=0"]
        self._process = subprocess.Popen(
            ["sh", "-c", _UNTIL_STDIN_ENDS, "sh", "php", *options, "-S", f"{self._address}:{self._port}"],
            cwd=PROGRAM,
            env={"PATH": "/usr/bin:/bin", "SIMPLESAMLPHP_CONFIG_DIR": str(self._folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def stop(self) -> None:
        """End it; its port stays closed until it is started again."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def restart(self, *, new_keys: bool = False) -> None:
        """Stop and start on the same port; sessions are gone."""
        self.stop()
        if new_keys:
            self._pair = new_pair("simplesamlphp")
        self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self) -> None:
        until = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                urlopen(self.metadata_url, timeout=START_TIMEOUT_S).close()  # noqa: S310
            except OSError:
                if time.monotonic() > until:
                    self.stop()
                    raise
                time.sleep(0.01)
            else:
                return

    def _write(self, folder: Path) -> None:
        (folder / "idp.pem").write_text(self._pair.key_pem)
        (folder / "idp.crt").write_text(self._pair.certificate_pem)
        people = {f"{user}:{password_of(user)}": _attributes(user, told) for user, told in self.users.items()}
        known = {each.entity_id: _registration(each) for each in self.service_providers}
        _written(folder, "config", "config", _configuration(self._base, folder))
        _written(folder, "authsources", "config", {"people": {"0": "exampleauth:UserPass"} | people})
        _written(folder, "saml20-idp-hosted", "metadata", {self.entity_id: _HOSTED})
        _written(folder, "saml20-sp-remote", "metadata", known)


def _written(folder: Path, file: str, name: str, value: object) -> None:
    (folder / f"{file}.json").write_text(json.dumps(value))
    (folder / f"{file}.php").write_text(_READS_JSON.replace("{name}", name).replace("{file}", file))


def _attributes(user: str, told: Mapping[str, str | Sequence[str]]) -> dict[str, list[str]]:
    lists = {name: [value] if isinstance(value, str) else list(value) for name, value in told.items()}
    return {"uid": [user]} | lists


_HOSTED = {
    "host": "__DEFAULT__",
    "privatekey": "idp.pem",
    "certificate": "idp.crt",
    "auth": "people",
    "NameIDFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "SingleSignOnServiceBinding": [_REDIRECT, _POST],
    "SingleLogoutServiceBinding": [_REDIRECT, _POST],
    "validate.authnrequest": True,
    "validate.logout": True,
    "sign.logout": True,
}


def _registration(sp: ServiceProvider) -> dict[str, object]:
    """A service provider in SimpleSAMLphp's own words (its ``saml20-sp-remote`` reference)."""
    certificate = "".join(sp.certificate_pem.splitlines()[1:-1])
    name_id = {"class": "saml:AttributeNameID", "attribute": "uid", "Format": sp.nameid_format}
    return {
        "AssertionConsumerService": [{"Binding": _POST, "Location": sp.acs_url, "index": 0}],
        "SingleLogoutService": [{"Binding": _BINDINGS[sp.slo_binding], "Location": sp.slo_url}],
        "keys": [
            {
                "type": "X509Certificate",
                "signing": True,
                "encryption": True,
                "X509Certificate": certificate,
            }
        ],
        "NameIDFormat": sp.nameid_format,
        "authproc": {"10": name_id},
        "saml20.sign.response": sp.sign != "assertion",
        "saml20.sign.assertion": sp.sign != "response",
        "assertion.encryption": sp.encrypt,
        "signature.algorithm": _SIGNATURES[sp.signature_algorithm],
    }


def _configuration(base: str, folder: Path) -> dict[str, object]:
    """All of ``config.php``; no SameSite, since a browser takes None from https alone."""
    return {
        "baseurlpath": f"{base}/",
        "certdir": str(folder),
        "loggingdir": str(folder),
        "datadir": str(folder),
        "tempdir": str(folder / "tmp"),
        "metadatadir": str(folder),
        "secretsalt": secrets.token_urlsafe(16),
        "auth.adminpassword": secrets.token_urlsafe(16),
        "technicalcontact_email": "nobody@example.com",
        "timezone": "UTC",
        "logging.handler": "file",
        "logging.level": 7,
        "enable.saml20-idp": True,
        "module.enable": {"exampleauth": True, "core": True, "saml": True},
        "session.cookie.secure": False,
        "session.phpsession.savepath": str(folder),
        "language.cookie.secure": False,
        "store.type": "phpsession",
        "metadata.sources": [{"type": "flatfile"}],
    }
