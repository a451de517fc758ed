"""The made-up people of the demo: three who can sign in, and the others whose sessions fill the lists."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """One person at the demo's provider."""

    subject: str
    name: str
    username: str
    email: str
    groups: tuple[str, ...] = ()


PEOPLE = (
    Person("demo-1001", "Mira Halvorsen", "mira", "mira@example.com", ("ops", "staff")),
    Person("demo-1002", "Tobias Okafor", "tobias", "tobias@example.com", ("staff",)),
    Person("demo-1003", "Lena Quist", "lena", "lena@example.org"),
)
"""Those who can sign in."""

OTHERS = (
    Person("demo-2001", "Ana Lindqvist", "ana", "ana@example.com", ("staff",)),
    Person("demo-2002", "Rafael Montoya", "rafael", "rafael@example.com", ("ops", "staff")),
    Person("demo-2003", "Hanne Brekke", "hanne", "hanne@example.net"),
    Person("demo-2004", "Yusuf Demir", "yusuf", "yusuf@example.com", ("staff",)),
    Person("demo-2005", "Chloé Martel", "chloe", "chloe@example.org"),
    Person("demo-2006", "Kenji Watanabe", "kenji", "kenji@example.net", ("staff",)),
)
"""Those who are signed in when the demo begins."""
