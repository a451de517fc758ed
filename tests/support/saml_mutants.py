"""Random changes of good SAML Responses, and the one question about each: does it get in as somebody else?

The chance is passed in: hypothesis's, which shrinks what it finds, or a seeded one, for millions of them.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.assertion import VerifiedAssertion
from idp_adapters.saml.response import verify_response
from tests.support.saml_messages import expected
from tests.support.saml_victim import Victim

_VICTIM = Victim()
FORMS: dict[str, dict[str, Any]] = {
    "assertion": {"sign": "assertion"},
    "response": {"sign": "response"},
    "both": {"sign": "both"},
    "encrypted": {"sign": "assertion", "encryption": _VICTIM.encryption()},
}
_TOKENS = [
    b"<",
    b">",
    b"/",
    b'"',
    b"&",
    b"&amp;",
    b"<!--",
    b"-->",
    b"]]>",
    b"<![CDATA[",
    b"mallory",
    b" ",
    b"\0",
]
"""What is put in besides single octets."""

Mutation = Callable[[random.Random, str], bytes]


@cache
def _octets(form: str) -> bytes:
    return _VICTIM.octets(**FORMS[form])


@cache
def _tree(form: str) -> etree._Element:
    return etree.fromstring(_octets(form))


@cache
def _signed(form: str) -> VerifiedAssertion:
    return verify_response(_octets(form), expected(_VICTIM.idp))


def of_octets(chance: random.Random, form: str) -> bytes:
    """One to three octets or ranges changed, taken out, doubled, or put somewhere else."""
    octets = bytearray(_octets(form))
    for _ in range(chance.randint(1, 3)):
        at, size = chance.randrange(len(octets)), chance.choice((1, 1, 1, 2, 8, 64, 500))
        piece = bytes(octets[at : at + size])
        match chance.randrange(5):
            case 0:
                octets[at] = chance.randrange(256)
            case 1:
                del octets[at : at + size]
            case 2:
                octets[at:at] = piece
            case 3:
                octets[at:at] = chance.choice(_TOKENS)
            case _:
                to = chance.randrange(len(octets))
                octets[to : to + size] = piece
    return bytes(octets)


def of_tree(chance: random.Random, form: str) -> bytes:
    """One to three elements copied, moved, emptied, renamed, or with another text or attribute."""
    root = deepcopy(_tree(form))
    for _ in range(chance.randint(1, 3)):
        elements = [*root.iter()]
        _change(chance, chance.choice(elements), chance.choice(elements))
    return etree.tostring(root)


def _change(chance: random.Random, one: etree._Element, other: etree._Element) -> None:
    match chance.randrange(9):
        case 0:
            other.append(deepcopy(one))
        case 1:
            other.insert(0, deepcopy(one))
        case 2 if one not in other.iterancestors() and one is not other:
            other.append(one)
        case 3 if other.getparent() is not None:
            other.addnext(deepcopy(one))
        case 4:
            _drop(one)
        case 5:
            one.text = chance.choice(["mallory", "", " ", other.text or ""])
        case 6:
            one.tail = "mallory"
        case 7:
            one.tag = other.tag
        case _:
            name = chance.choice([*(str(key) for key in one.attrib), "ID", "Format"])
            one.set(name, chance.choice([*(str(value) for value in other.attrib.values()), "mallory", ""]))


def _drop(element: etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def outcome(octets: bytes, form: str) -> str:
    """How it ended. What is let in is compared with what was signed; anything but a LoginError goes on up."""
    try:
        assertion = verify_response(octets, expected(_VICTIM.idp))
    except LoginError as error:
        return error.reason
    assert assertion == _signed(form), octets
    return "let in"


def hunt(mutate: Mutation, *, seconds: float, number: int, first: int = 0) -> Counter[str]:
    """Try up to ``number`` mutants from the ``first`` on, for so many ``seconds``; count how they ended.

    Raises AssertionError with the seed of one that gets in as somebody else, or breaks something.
    """
    until = time.monotonic() + seconds
    outcomes: Counter[str] = Counter()
    for seed in range(first, first + number):
        chance = random.Random(f"{mutate.__name__} {seed}")  # noqa: S311  to be had again, not to be secret
        form = chance.choice([*FORMS])
        try:
            outcomes[outcome(mutate(chance, form), form)] += 1
        except Exception as error:
            raise AssertionError(f"mutant {seed} by {mutate.__name__}") from error
        if time.monotonic() > until:
            break
    return outcomes
