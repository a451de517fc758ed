"""What the demo's wiki says: the handbook of a made-up field station."""

from collections.abc import Mapping, Sequence

WIKI: Mapping[str, tuple[str, Sequence[str]]] = {
    "/": (
        "Station handbook",
        (
            "Everything that the next crew needs and nobody wants to explain twice.",
            "This wiki signs people in by SAML, the demo's other applications by OpenID Connect.",
            "Neither knows a password, and sessions of both are listed and ended in the same place.",
        ),
    ),
    "/boat": (
        "Taking the boat",
        (
            "Write your name and the hour on the board before you cast off, and wipe it when you are back.",
            "Above five knots of current the north landing is closed. The keys hang behind the kitchen door.",
        ),
    ),
    "/radio": (
        "Radio channels",
        (
            "Channel 8 is ours, channel 16 is for calls and distress. Listen first, then speak.",
            "The spare batteries are charged on Mondays; take two and leave the flat ones in the red box.",
        ),
    ),
    "/rain-gauge": (
        "Reading the rain gauge",
        (
            "Read it at eight in the morning, at eye level, to the tenth of a millimetre, then empty it.",
            "If snow lies in the funnel, carry it inside, let it melt and read it then.",
        ),
    ),
}
"""Title and paragraphs of each page, by its path."""
