"""Every address of a provider is judged by itself: a good one for answers excuses no bad one for requests."""

import pytest

from idp_adapters.saml import names
from tests.support.saml_metadata import SLO, SSO, Entity, refusal


@pytest.mark.parametrize("url", ["http://idp.example.com/", "javascript:alert(1)", "https://10.0.0.1/"])
@pytest.mark.parametrize(("service", "rest"), [("SingleSignOnService", SLO), ("SingleLogoutService", SSO)])
def test_a_good_address_for_answers_excuses_no_other(service: str, rest: str, url: str) -> None:
    places = f'Location="{url}" ResponseLocation="https://idp.example.com/answers"'
    described = f'<md:{service} Binding="{names.BY_REDIRECT}" {places}/>'

    assert "an endpoint is refused" in refusal(Entity(services=described + rest))
