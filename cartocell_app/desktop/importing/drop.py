"""What was dropped, chosen or given at the start, and so what is obvious to do with it; or why nothing can be done."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cartocell_app.desktop.importing import contents
from cartocell_app.desktop.importing.not_read import is_microscope_file, left_aside, why_not
from cartocell_app.stacks.files import PARTIAL_PREFIX
from cartocell_app.stacks.reading import STACK_ENDINGS, is_stack_path

Deed = Literal["open project", "unpack project", "run configuration", "import stacks", "add models", "nothing"]

FOREIGN_WEIGHTS = (".pth", ".pt", ".ckpt")


@dataclass(frozen=True)
class Stranger:
    """Something that nothing can be done with, and why in a sentence."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Dropped:
    """What was found in what was dropped.

    Attributes
    ----------
    stacks : tuple of Path
        Files (and OME-Zarr folders) that are called like stacks; whether they can be read is not known yet.
    models : tuple of Path
        Models of CartoCell (.onnx).
    foreign_models : tuple of Path
        Models of other programs, which can be imported.
    configurations : tuple of Path
        YAML files of BiaPy.
    projects, project_zips : tuple of Path
        Folders of projects, and projects packed into one file.
    result_folders : tuple of Path
        What ``cartocell segment`` wrote.
    strangers : tuple of Stranger
        What was named itself and is of no use.
    not_read : tuple of Path
        Files in folders that are stacks, but in formats that CartoCell does not read.
    passed_over : int
        Other files in folders that are no stacks.
    """

    stacks: tuple[Path, ...] = ()
    models: tuple[Path, ...] = ()
    foreign_models: tuple[Path, ...] = ()
    configurations: tuple[Path, ...] = ()
    projects: tuple[Path, ...] = ()
    project_zips: tuple[Path, ...] = ()
    result_folders: tuple[Path, ...] = ()
    strangers: tuple[Stranger, ...] = ()
    not_read: tuple[Path, ...] = ()
    passed_over: int = 0

    @property
    def deed(self) -> Deed:
        """What is obvious to do: one thing, the one that takes the others with it."""
        if self.projects:
            return "open project"
        if self.project_zips:
            return "unpack project"
        if self.stacks:
            return "import stacks"
        if self.configurations:
            return "run configuration"
        return "add models" if self.models or self.foreign_models else "nothing"

    @property
    def sentence(self) -> str:
        """What will be done, or why nothing can be."""
        models = (*self.models, *self.foreign_models)
        words: dict[Deed, Callable[[], str]] = {
            "open project": lambda: f"Open the project {self.projects[0].stem}.",
            "unpack project": lambda: f"Unpack {self.project_zips[0].name} and open it.",
            "import stacks": lambda: (
                f"Import {_count(len(self.stacks), 'stack')}"
                + (f" and segment with {self.models[0].name}." if self.models else ".")
                + "".join(f" The model {model.name} is imported too." for model in self.foreign_models)
            ),
            "run configuration": lambda: f"Do what {self.configurations[0].name} asks, as BiaPy would.",
            "add models": lambda: f"Add {', '.join(model.name for model in models)} to the models of this project.",
            "nothing": self._why_nothing,
        }
        return words[self.deed]()

    @property
    def aside(self) -> str:
        """What is left aside when the stacks are imported, and what to do with it; "" if nothing is."""
        strangers = [stranger.path for stranger in self.strangers]
        not_read = {*self.not_read, *filter(is_microscope_file, strangers)}
        # A folder of nothing else is told of by its files.
        told = {*not_read, *(folder for path in not_read for folder in path.parents)}
        others = sum(path not in told for path in strangers) + self.passed_over
        others += len(self.configurations) + len(self.models[1:])
        return f"{left_aside(not_read)} {_count(others, 'other file') + ' left aside.' if others else ''}".strip()

    def _why_nothing(self) -> str:
        if self.result_folders:
            return (
                f"{self.result_folders[0].name} holds results of CartoCell. Drop the stacks that they were made from, "
                "or the project that they belong to."
            )
        if len(self.strangers) == 1:
            return f"{self.strangers[0].path.name} {self.strangers[0].reason}"
        if self.strangers:
            first = self.strangers[0]
            return f"None of these {len(self.strangers)} can be used. {first.path.name} {first.reason}"
        return f"There are no stacks in there. CartoCell reads {', '.join(STACK_ENDINGS)}."


@dataclass
class _Found:
    """The lists of a `Dropped` while they grow."""

    lists: dict[str, list[Path]] = field(default_factory=dict)
    strangers: list[Stranger] = field(default_factory=list)
    passed_over: int = 0

    def add(self, kind: str, path: Path) -> None:
        known = self.lists.setdefault(kind, [])
        if path not in known:
            known.append(path)


def what_is(paths: Iterable[Path], cancelled: Callable[[], bool] = lambda: False) -> Dropped:
    """Look at files and folders; folders with all folders in them.

    Reads names, and a little of the files that are no stacks, so it is for a worker thread.

    Parameters
    ----------
    paths : iterable of Path
        What was dropped.
    cancelled : callable
        Ends the search in folders early.
    """
    found = _Found()
    for path in paths:
        _look(Path(path), found, cancelled)
    lists = {kind: tuple(there) for kind, there in found.lists.items()}
    return Dropped(**lists, strangers=tuple(found.strangers), passed_over=found.passed_over)


def _look(path: Path, found: _Found, cancelled: Callable[[], bool]) -> None:
    if not path.exists():
        found.strangers.append(Stranger(path, "is not there any more."))
    elif path.is_dir():
        _look_at_folder(path, found, cancelled)
    elif path.name == contents.DATABASE and contents.is_project(path.parent):
        found.add("projects", path.parent)
    else:
        kind, reason = _kind_of_file(path)
        if kind:
            found.add(kind, path)
        else:
            found.strangers.append(Stranger(path, reason))


def _look_at_folder(folder: Path, found: _Found, cancelled: Callable[[], bool]) -> None:
    if contents.is_project(folder):
        found.add("projects", folder)
    elif contents.is_result_folder(folder):
        found.add("result_folders", folder)
    elif is_stack_path(folder):
        found.add("stacks", folder)
    elif folder.suffix == contents.PROJECT_ENDING:
        found.strangers.append(Stranger(folder, "is no whole project: its project.sqlite is missing."))
    elif contents.is_zarr(folder):
        found.strangers.append(Stranger(folder, "is an OME-Zarr stack. Rename the folder so that it ends in .zarr."))
    else:
        _look_inside(folder, found, cancelled)


def _look_inside(folder: Path, found: _Found, cancelled: Callable[[], bool]) -> None:
    before = sum(map(len, found.lists.values()))
    not_read = []
    for path in _files_in(folder, found, cancelled):
        if is_stack_path(path):
            found.add("stacks", path)
        elif is_microscope_file(path):
            not_read.append(path)
        else:
            found.passed_over += 1
    if sum(map(len, found.lists.values())) == before and not cancelled():
        reason = f"holds no stacks. CartoCell reads {', '.join(STACK_ENDINGS)}."
        if not_read:
            reason = f"holds no stacks that can be used. {left_aside(not_read)}"
        found.strangers.append(Stranger(folder, reason))
    for path in not_read:
        found.add("not_read", path)


def _files_in(folder: Path, found: _Found, cancelled: Callable[[], bool]) -> Iterator[Path]:
    """All files below `folder`, and folders that are stacks; results and hidden things are left alone."""
    for place, folders, names in os.walk(folder):
        if cancelled():
            return
        here = Path(place)
        keep = []
        for name in sorted(folders):
            inner = here / name
            if is_stack_path(inner):
                yield inner
            elif contents.is_project(inner) or contents.is_result_folder(inner):
                found.add("result_folders", inner)
            elif not name.startswith((".", PARTIAL_PREFIX)):
                keep.append(name)
        folders[:] = keep
        yield from (here / name for name in sorted(names) if not name.startswith((".", PARTIAL_PREFIX)))


def _kind_of_file(path: Path) -> tuple[str, str]:
    """Which list of `Dropped` a file belongs to; else "" and why it is of no use."""
    ending = path.suffix.lower()
    if ending == ".onnx":
        return "models", ""
    if ending in FOREIGN_WEIGHTS:
        return "foreign_models", ""
    if ending in (".h5", ".hdf5") and contents.is_keras_weights(path):
        return "foreign_models", ""
    if ending in (".yaml", ".yml"):
        reason = "is a YAML file, but none of BiaPy's configurations."
        return ("configurations", "") if contents.is_biapy_yaml(path) else ("", reason)
    if ending == ".zip":
        return {
            "project": ("project_zips", ""),
            "model": ("foreign_models", ""),
            "damaged": ("", "is damaged or incomplete. Copy it again from where it came from."),
        }.get(contents.kind_of_zip(path), ("", "holds neither a project nor a model. Unpack it and drop the stacks."))
    if path.name.startswith("."):
        return "", "is a hidden file of the system."
    if is_stack_path(path):
        return "stacks", ""
    return "", why_not(path)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
