"""Unpacking a project that somebody sent, without letting it write anywhere but into its own folder."""

import contextlib
import shutil
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress, stop_if
from cartocell_app.project.copying import pour
from cartocell_app.project.naming import FORBIDDEN, file_safe, unused
from cartocell_app.project.packing import ENDING
from cartocell_app.project.places import DATABASE
from cartocell_app.stacks.files import DiskError, disk_troubles, partial_place


def unpack(path: Path, folder: Path, progress: Progress, cancelled: Cancelled) -> Path:
    """Unpack the project in the zip file `path` below `folder`; see `Project.unpack_zip`."""
    with _zip_troubles(path), ZipFile(path) as packed:
        name, entries = _entries(path, packed)
        total = sum(entry.file_size for entry, _ in entries)
        with disk_troubles(folder):
            folder.mkdir(parents=True, exist_ok=True)
            taken = [other.name.removesuffix(ENDING) for other in folder.iterdir()]
        if total > shutil.disk_usage(folder).free:
            raise DiskError(f"{path.name} needs {total / 1e9:.1f} GB, which {folder} has not free.", "Free some space.")
        place = folder / (unused(name, taken) + ENDING)
        partial = partial_place(place)
        with disk_troubles(place):
            try:
                _extract(packed, entries, partial, progress, cancelled)
                partial.replace(place)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return place


def _entries(path: Path, packed: ZipFile) -> tuple[str, list[tuple[ZipInfo, PurePosixPath]]]:
    """Name of the project in a zip file, and its files with their places in the project's folder."""
    files = [entry for entry in packed.infolist() if not entry.filename.endswith("/")]
    places = {entry.filename: _safe(path, entry) for entry in files}
    databases = [place for place in places.values() if place.name == DATABASE]
    if not databases:
        raise UserError(f"{path.name} holds no CartoCell project.", "Choose a zip file that CartoCell saved.")
    top = min(databases, key=lambda place: len(place.parts)).parent
    name = file_safe((top.name or path.stem).removesuffix(ENDING))
    inside = [
        (entry, places[entry.filename].relative_to(top))
        for entry in files
        if places[entry.filename].is_relative_to(top)
    ]
    if len({str(place).casefold() for _, place in inside}) < len(inside):
        raise _unsafe(path, "two files of one name")
    return name, inside


def _safe(path: Path, entry: ZipInfo) -> PurePosixPath:
    """Place of an entry, if it can only lie in the folder that it is unpacked into."""
    place = PurePosixPath(entry.filename.replace("\\", "/"))
    if (
        not place.parts
        or place.is_absolute()
        or ".." in place.parts
        or any(FORBIDDEN.search(part) for part in place.parts)
    ):
        raise _unsafe(path, f"{entry.filename!r}, which is no place in a project")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _unsafe(path, f"{entry.filename!r}, which points elsewhere")
    return place


def _unsafe(path: Path, what: str) -> UserError:
    return UserError(
        f"{path.name} was not unpacked: it holds {what}.", "CartoCell did not save it like that. Ask for it again."
    )


def _extract(
    packed: ZipFile,
    entries: list[tuple[ZipInfo, PurePosixPath]],
    folder: Path,
    progress: Progress,
    cancelled: Cancelled,
) -> None:
    total, done = max(sum(entry.file_size for entry, _ in entries), 1), 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress("Unpacking", done, total)

    for entry, place in entries:
        stop_if(cancelled)
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(entry) as source, file.open("wb") as into:
            pour(source, into, cancelled, told)


@contextlib.contextmanager
def _zip_troubles(path: Path) -> Iterator[None]:
    """Turn what is wrong with a zip file into one sentence."""
    try:
        yield
    except (BadZipFile, zlib.error, EOFError) as error:
        raise UserError(f"{path.name} is damaged or no zip file.", "Copy it again from where it came from.") from error
    except (RuntimeError, NotImplementedError) as error:
        raise UserError(
            f"{path.name} is packed in a way that CartoCell does not unpack.",
            "If it has a password, unpack it yourself and open the folder.",
        ) from error
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.", "Check the spelling.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise UserError(f"{path} is a folder or may not be read.", "Choose a zip file that you can open.") from error
