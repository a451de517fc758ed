"""A provider's addresses exist on the hosts that use it, and on no other."""

import pytest

from proxy.login.places import Errand, ProviderPlace, place_of
from tests.support.control import Stub
from tests.unit.proxy.login.test_login_flow import SITE, visit

PROVIDERS = {"corp": Stub("corp"), "okta": Stub("okta", protocol="saml")}


@pytest.mark.parametrize(
    ("host", "path", "place"),
    [
        ("app.example.com", "/.outerward/callback/corp", ProviderPlace(Errand.CALLBACK, "corp")),
        ("app.example.com", "/.outerward/saml/okta/acs", None),
        ("apps.example.com", "/.outerward/saml/okta/acs", ProviderPlace(Errand.ACS, "okta")),
    ],
    ids=["its own", "another host's", "that host"],
)
def test_a_running_provider_has_an_address_only_where_an_endpoint_uses_it(
    host: str, path: str, place: ProviderPlace | None
) -> None:
    assert place_of(visit(path, host=host), SITE, PROVIDERS) == place
