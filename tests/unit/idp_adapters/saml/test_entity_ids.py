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
