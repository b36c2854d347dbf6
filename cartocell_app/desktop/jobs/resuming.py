"""Going on after the system ended a segmentation: without the stack at which that happened, the rest is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from cartocell_app.errors import UserError

REST = "rest.csv"
LIST_OPTION = "--list"

ENDED_HERE = (
    "The system ended CartoCell while it worked on this stack, which often means that memory ran out. Close other "
    "programs or crop the stack, and try again."
)


def has_list(words: Sequence[str]) -> bool:
    """Whether a command works on a list of stacks, some of which can be left out."""
    return bool(words) and words[0] == "segment" and LIST_OPTION in words[:-1]


def give_up_on(folder: Path, name: str) -> bool:
    """Note in the results that the stack `name` could not be done; False if it is done, after all.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    from cartocell_app.jobs.records import read_record, write_record

    record = read_record(folder, name)
    if record is not None and record["row"].get("state") == "done":
        return False
    row = {"name": name, "state": "failed", "error": ENDED_HERE}
    write_record(folder, name, {"fingerprint": None, "row": row})
    return True


def words_without(words: Sequence[str], folder: Path, left_out: Collection[str]) -> list[str]:
    """Words of the same command for the rest of its list; empty if nothing is left.

    The run keeps its own words: tried again, it does all that is missing.

    Parameters
    ----------
    words : sequence of str
        Of the command.
    folder : Path
        Of the run; gets the shorter list.
    left_out : collection of str
        Names of the stacks to leave out.

    Raises
    ------
    UserError
        If the list cannot be read, or the disk refuses.
    """
    from cartocell_app.jobs.stack_list import read_stack_list, write_stack_list

    place = list(words).index(LIST_OPTION) + 1
    rest = {name: row for name, row in read_stack_list(Path(words[place])).items() if name not in left_out}
    if not rest:
        return []
    write_stack_list(folder / REST, rest)
    return [*words[:place], str(folder / REST), *words[place + 1 :]]


def rest_after(words: Sequence[str], folder: Path, item: str, left_out: set[str]) -> tuple[list[str], bool]:
    """What to go on with after the system ended a command that worked on `item`.

    Parameters
    ----------
    words, folder
        Of the run.
    item : str
        Stack that it worked on; empty if it had not begun with any: then it would end in the same way again.
    left_out : set of str
        Stacks that were given up before; `item` is added if it must be given up.

    Returns
    -------
    words : list of str
        Empty if there is nothing to go on with.
    gave_up : bool
        Whether `item` was given up.
    """
    if not item or not has_list(words):
        return [], False
    try:
        gave_up = give_up_on(folder, item)
        if gave_up:
            left_out.add(item)
        return words_without(words, folder, left_out), gave_up
    except UserError:  # the disk is full, or the list is gone: the job ends as it would have
        return [], False
