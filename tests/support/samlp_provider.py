"""A real SAML identity provider for tests: npm's ``samlp`` with express on a loopback port.

Logins by Redirect and POST, signed and encrypted as each service provider has it; logouts begun by either
side, by Redirect and POST. It verifies every request by the certificate registered, wants the assertion
consumer service and the destination to be its own to the letter, and asks again for ForceAuthn.
"""

from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import urlencode

from tests.support.node_provider import NodeProvider
from tests.support.saml_idp import ServiceProvider, Users, new_pair, pair_of


class SamlpServer(NodeProvider):
    """The provider as a process of its own, a ``SamlIdp``.

    ``address`` is of loopback; cookies ignore ports, so two providers in one browser need two addresses.
    """

    program = "saml.mjs"

    def __init__(
        self, *, users: Users, service_providers: Sequence[ServiceProvider], address: str = "127.0.0.2"
    ) -> None:
        super().__init__()
        self.users = users
        self.service_providers = list(service_providers)
        self.entity_id = self.metadata_url = self.sso_url = self.slo_url = self.logout_url = ""
        self._address = address
        self._port = 0
        self._pair = pair_of(f"samlp {address}")

    @property
    def certificate_pem(self) -> str:
        """What verifies its signatures."""
        return self._pair.certificate_pem

    def login_url(self, entity_id: str, relay_state: str = "") -> str:
        """Where a person begins at the provider; the service provider gets a response it did not ask for."""
        query = {"sp": entity_id} | ({"RelayState": relay_state} if relay_state else {})
        return f"http://{self._address}:{self._port}/unsolicited?{urlencode(query)}"

    def new_keys(self) -> None:
        """Make the keys that it signs with from its next start on."""
        self._pair = new_pair("samlp")

    def listening(self) -> None:
        """Take what is needed out of ``told``."""
        self._port = self.told["port"]
        base = f"http://{self._address}:{self._port}"
        self.entity_id = self.metadata_url = f"{base}/metadata"
        self.sso_url = f"{base}/sso"
        self.slo_url = self.logout_url = f"{base}/slo"

    def configuration(self) -> dict[str, object]:
        """What the program reads when it starts."""
        return {
            "address": self._address,
            "port": self._port,
            "users": self.users,
            "service_providers": [asdict(each) for each in self.service_providers],
            "key": self._pair.key_pem,
            "certificate": self._pair.certificate_pem,
        }
