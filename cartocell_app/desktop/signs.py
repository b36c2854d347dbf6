"""How states are shown: a word and an icon, never a colour alone."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sign:
    """How a state is shown.

    Parameters
    ----------
    word : str
        For people.
    icon : str
        Name of the icon.
    role : str
        Of its colour.
    """

    word: str
    icon: str
    role: str
