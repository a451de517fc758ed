"""A good Response, changed at random: it may get in only as the one that was signed, and nothing breaks."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.saml_mutants import FORMS, Mutation, hunt, of_octets, of_tree, outcome

_SECONDS = 8
"""Each of two ways, in the suite."""
_LONG = 500_000
"""Each of two ways, with ``--long``: a million in all."""
_HOUR_S = 3600
_MUTATIONS = pytest.mark.parametrize("mutate", [of_octets, of_tree], ids=["octets", "tree"])
_CHANCES = st.randoms(use_true_random=False)


@pytest.mark.parametrize("form", [*FORMS])
@_MUTATIONS
@settings(max_examples=100)
@given(chance=_CHANCES)
def test_no_mutant_gets_in_as_anybody_else(mutate: Mutation, form: str, chance: random.Random) -> None:
    outcome(mutate(chance, form), form)


@_MUTATIONS
@pytest.mark.timeout(240)
def test_none_of_many_more_gets_in_as_anybody_else(mutate: Mutation) -> None:
    outcomes = hunt(mutate, seconds=_SECONDS, number=_LONG)
    assert sum(outcomes.values()) - outcomes["let in"] > 200


@pytest.mark.long
@_MUTATIONS
@pytest.mark.timeout(_HOUR_S + 60)
def test_none_of_a_million_gets_in_as_anybody_else(mutate: Mutation) -> None:
    outcomes = hunt(mutate, seconds=_HOUR_S, number=_LONG)
    print(f"{sum(outcomes.values())} mutants by {mutate.__name__}: {dict(outcomes)}")
    assert sum(outcomes.values()) == _LONG
