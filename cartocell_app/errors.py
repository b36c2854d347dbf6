"""The one error that is the user's to mend, as opposed to a bug of ours."""


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
