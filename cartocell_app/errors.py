"""The one error that is the user's to mend, as opposed to a bug of ours."""

from pathlib import Path


class UserError(Exception):
    """A mistake, bad file or full disk: shown as a sentence, never as a traceback.

    Parameters
    ----------
    title : str
        What happened, with which file: ``"7d.4C.8_2.tif is 2D."``
    body : str
        What to do about it: ``"CartoCell needs a stack with several slices."``
    """

    def __init__(self, title: str, body: str = "") -> None:
        super().__init__(title, body)
        self.title = title
        self.body = body

    def __str__(self) -> str:
        return f"{self.title} {self.body}".strip()


def plainly(error: UserError, file: Path) -> str:
    """What is wrong with a file, for somebody who chose it: its name without folders, commands without quotes."""
    return str(error).replace(str(file), file.name).replace("`", "")
