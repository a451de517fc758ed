"""Providers that call themselves alike."""

import pytest

from idp_adapters import EntityIds, LoginError

CORP = "https://idp.example.com/metadata"


def test_the_second_of_two_that_are_called_alike_is_refused() -> None:
    known = EntityIds()
    known.claim(CORP, "corp", written_down=False)
    known.claim(CORP, "corp", written_down=False)
    with pytest.raises(LoginError, match=r"provider_misconfigured.*'corp'"):
        known.claim(CORP, "partner", written_down=False)
    known.claim("https://partner.example/metadata", "partner", written_down=False)


def test_what_the_operator_wrote_down_counts_whoever_came_first() -> None:
    known = EntityIds()
    known.claim(CORP, "partner", written_down=False)
    known.claim(CORP, "corp", written_down=True)
    with pytest.raises(LoginError, match="provider_misconfigured"):
        known.claim(CORP, "partner", written_down=False)


@pytest.mark.parametrize("tenant", ["common", "9188040d-6c67-4c5b-b112-36a304b66dad"])
def test_nobody_is_called_like_a_tenant_of_a_provider_that_has_many(tenant: str) -> None:
    known = EntityIds()
    known.claim("https://login.example.com/common/v2.0", "microsoft", written_down=True)
    with pytest.raises(LoginError, match=r"provider_misconfigured.*'microsoft'"):
        known.claim(f"https://login.example.com/{tenant}/v2.0", "partner", written_down=False)
    known.claim(f"https://login.example.com/{tenant}/saml", "partner", written_down=False)
    known.claim(f"https://idp.example.com/{tenant}/v2.0", "corp", written_down=False)
