"""How the parts are put together: what each provider is told of the others."""

from pathlib import Path

import pytest

from idp_adapters import LoginError
from outerward.config import load_settings
from outerward.wiring import Edge
from proxy import relying_party
from tests.support.saml_metadata import Entity

_CONFIGURATION = """
[store]
url = "unix://{folder}/nowhere"
secret = ["0123456789abcdef"]
[provider.known]
{known}
client_id = "outerward"
client_secret = "0123456789"
[provider.other]
type = "saml"
idp_metadata = "idp.xml"
"""
_KNOWN = {
    "openid": ("https://id.example.com", 'type = "oidc"\nissuer = "https://id.example.com"'),
    "preset": ("https://github.com", 'type = "oauth"\nprovider = "github"'),
}


@pytest.mark.parametrize("kind", _KNOWN)
async def test_no_saml_provider_may_call_itself_like_one_that_the_operator_named(
    tmp_path: Path, kind: str
) -> None:
    issuer, known = _KNOWN[kind]
    (tmp_path / "idp.xml").write_text(Entity(entity_id=issuer).xml())
    (tmp_path / "outerward.toml").write_text(_CONFIGURATION.format(folder=tmp_path, known=known))
    loaded = load_settings(tmp_path / "outerward.toml", {})
    edge = Edge(loaded.settings, 4180, lambda _: None, lambda: None)
    other = edge._adapters.providers["other"]

    with pytest.raises(LoginError, match="is what provider 'known' is called"):
        await other.begin(relying_party("https://app.example.com", "other", "saml"))

    await edge._adapters.close()
    await edge._store.close()
