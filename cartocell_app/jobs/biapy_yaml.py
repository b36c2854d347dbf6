"""Keys and values of BiaPy's YAML files: read without running anything, checked one by one, and accounted for.

BiaPy reads these files with yacs, which takes text such as ``(80, 80, 80, 1)`` or ``1e-4`` for the Python value it
spells (specification §10.2). Here only `ast.literal_eval` looks at such text, so a file can name no code.
"""

import ast
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from cartocell_app.errors import UserError

T = TypeVar("T")
D = TypeVar("D")

LARGEST_BYTES = 1 << 20
"""Real files have two kilobytes; a larger one is something else."""

MOST_KEYS, DEEPEST = 2000, 8
"""BiaPy knows several hundred keys, five levels deep; more is a file that refers to itself."""

TAB_BLANKS = 4

_SEGMENTATION, _DATA = "PROBLEM.INSTANCE_SEG", ("TRAIN", "VAL", "TEST")

RENAMED: dict[str, str] = {
    f"{_SEGMENTATION}.DATA_MW_TH1": f"{_SEGMENTATION}.DATA_MW_TH_BINARY_MASK",
    f"{_SEGMENTATION}.DATA_MW_TH2": f"{_SEGMENTATION}.DATA_MW_TH_CONTOUR",
    f"{_SEGMENTATION}.DATA_MW_TH3": f"{_SEGMENTATION}.DATA_MW_TH_FOREGROUND",
    f"{_SEGMENTATION}.DATA_REMOVE_SMALL_OBJ": f"{_SEGMENTATION}.DATA_REMOVE_SMALL_OBJ_BEFORE",
    "TEST.VORONOI_ON_MASK": "TEST.POST_PROCESSING.VORONOI_ON_MASK",
    "LOSS.CLASS_REBALANCE_WITHIN_CHANNELS": "LOSS.CLASS_REBALANCE",
    **{f"DATA.{part}.MASK_PATH": f"DATA.{part}.GT_PATH" for part in _DATA},
    **{f"{part}.{name}": f"DATA.{part}.{name}" for part in _DATA for name in ("PATH", "GT_PATH")},
    **{f"{part}.MASK_PATH": f"DATA.{part}.GT_PATH" for part in _DATA},
}
"""Names of other versions (2022, 3.7, and those that the tutorial's text uses) for those used here."""


class Keys:
    """The keys of one file, each to be taken, passed over with a reason, or left as not understood.

    Parameters
    ----------
    path : Path
        The YAML file.

    Raises
    ------
    UserError
        If it cannot be read, is no YAML of keys and plain values, or holds objects instead.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values: dict[str, Any] = {}
        self._names: dict[str, str] = {}
        for name, value in _flattened(_parsed(path), path):
            key = RENAMED.get(name, name)
            if key in self._values and self._values[key] != value:
                raise UserError(
                    f"{path} gives two values for the same: {self._names[key]} and {name}.", "Delete one of them."
                )
            self._values[key] = value
            self._names[key] = name
        self._untouched = dict.fromkeys(self._values)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def name(self, key: str) -> str:
        """How the file itself calls `key`."""
        return self._names.get(key, key)

    def take(self, key: str, kind: Callable[[Any], T], default: D) -> T | D:
        """Value of `key`, or `default` where the file does not have it.

        Parameters
        ----------
        key : str
            With dots.
        kind : callable
            Turns the value into what is needed, or raises a ValueError that says what it must be.
        default
            Any value.

        Raises
        ------
        UserError
            That names key and file, if the value is not of that kind.
        """
        self._untouched.pop(key, None)
        if key not in self._values:
            return default
        value = evaluated(self._values[key])
        try:
            return kind(value)
        except ValueError as error:
            raise self.wrong(key, f"It must be {error}.") from error

    def path_of(self, key: str) -> Path | None:
        """Path that `key` holds, None without one; what is not absolute counts from here, or else from the file."""
        self._untouched.pop(key, None)
        value = self._values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise self.wrong(key, "It must be a path.")
        path = Path(value).expanduser()
        beside = self.path.parent / path
        return beside if not path.exists() and beside.exists() else path

    def wrong(self, key: str, advice: str) -> UserError:
        """Error about the value of `key`."""
        return UserError(f"{self.path}: {self.name(key)} is {reprlib.repr(self._values.get(key))}.", advice)

    def pass_over(self, patterns: Iterable[str]) -> list[str]:
        """Take all remaining keys that match one of `patterns` (with ``*``); their names in the file."""
        found = [key for key in self._untouched if any(fnmatchcase(key, pattern) for pattern in patterns)]
        for key in found:
            del self._untouched[key]
        return [self.name(key) for key in found]

    def explained(self, title: str, reasons: Mapping[str, Iterable[str]]) -> list[str]:
        """Take all remaining keys that match the patterns of `reasons`; a sentence on them, or none."""
        groups = [
            f"{reason} ({', '.join(names)})"
            for reason, patterns in reasons.items()
            if (names := self.pass_over(patterns))
        ]
        return [f"{title}: {'. '.join(groups)}."] if groups else []

    def switched_on(self, patterns: Iterable[str]) -> list[str]:
        """Take all remaining switches (True or False) that match one of `patterns`; the names of those that are on."""
        switches = [
            key
            for key in self._untouched
            if isinstance(evaluated(self._values[key]), bool) and any(fnmatchcase(key, each) for each in patterns)
        ]
        for key in switches:
            del self._untouched[key]
        return [self.name(key) for key in switches if evaluated(self._values[key])]

    @property
    def left(self) -> list[str]:
        """Names of the keys that nobody asked for."""
        return [self.name(key) for key in self._untouched]


def evaluated(value: Any) -> Any:
    """Python value that a text spells, as yacs takes it; any other text as it is."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return value


def yes_or_no(value: Any) -> bool:
    """Switch."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def whole(least: int) -> Callable[[Any], int]:
    """Whole number of at least `least`."""

    def kind(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1 or value < least:
            raise ValueError(f"a whole number, {least} or more")
        return int(value)

    return kind


def number(low: float, high: float = float("inf")) -> Callable[[Any], float]:
    """Number from `low` to `high`; a list of one counts, as BiaPy 3.7 writes it."""

    def kind(value: Any) -> float:
        value = _alone(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(
                f"a number from {low:g} to {high:g}" if high < float("inf") else f"a number from {low:g} on"
            )
        return float(value)

    return kind


def numbers(count: int | None, each: Callable[[Any], T], words: str) -> Callable[[Any], tuple[T, ...]]:
    """List of `count` values (of any length if None); a single value counts as a list of one."""

    def kind(value: Any) -> tuple[T, ...]:
        values = tuple(value) if isinstance(value, list | tuple) else (value,)
        if not values or (count is not None and len(values) != count):
            raise ValueError(words)
        try:
            return tuple(each(evaluated(part)) for part in values)
        except ValueError as error:
            raise ValueError(f"{words}, each {error}") from error

    return kind


def one_of(**meanings: T) -> Callable[[Any], T]:
    """One of a few words, in any case, each with what it means."""

    def kind(value: Any) -> T:
        value = _alone(value)
        word = str(value).lower()
        if word not in meanings:
            raise ValueError("one of " + ", ".join(filter(None, meanings)))
        return meanings[word]

    return kind


def _alone(value: Any) -> Any:
    """The only value of a list, as BiaPy 3.7 writes what there may be several of."""
    return evaluated(value[0]) if isinstance(value, list | tuple) and len(value) == 1 else value


def _parsed(path: Path) -> Any:
    """Content of a YAML file as plain lists, dicts and values; tabs, which YAML refuses, count as blanks."""
    import yaml  # type: ignore[import-untyped]

    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.", "Check the spelling.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read.", "Choose a .yaml file that you may read.") from error
    advice = "Choose one of BiaPy's configuration files (.yaml)."
    if len(content) > LARGEST_BYTES:
        raise UserError(f"{path} is too large for a configuration file.", advice)
    try:
        text = content.decode("utf-8-sig").expandtabs(TAB_BLANKS)
        return yaml.safe_load(text)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no text in UTF-8.", advice) from error
    except yaml.MarkedYAMLError as error:
        where = "" if error.problem_mark is None else f" in line {error.problem_mark.line + 1}"
        raise UserError(f"{path} cannot be understood{where}: {error.problem}.", advice) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(f"{path} cannot be understood.", advice) from error


def _flattened(content: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Keys with dots, and their values; sections without anything in them are left out."""
    if not isinstance(content, dict) or not all(isinstance(section, dict | None) for section in content.values()):
        raise UserError(
            f"{path} holds no sections of keys.", "BiaPy's files have sections such as PROBLEM:, DATA: and TRAIN:."
        )
    waiting: list[tuple[str, Any, int]] = [("", content, 0)]
    found = 0
    while waiting:
        prefix, value, depth = waiting.pop()
        if isinstance(value, dict):
            waiting += [(f"{prefix}{name}.", part, depth + 1) for name, part in reversed(value.items())]
        elif depth > 1 and value is not None:
            yield prefix.removesuffix("."), value
        found += 1
        if found > MOST_KEYS or depth > DEEPEST:
            raise UserError(f"{path} has too many keys, or refers to itself.", "Write each key once, without & and *.")
