"""What the program remembers of its user between two starts; a broken settings file never stops the start."""

import json
import logging
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cartocell_app.errors import UserError
from cartocell_app.stacks.files import whole_file

log = logging.getLogger(__name__)

ThemeChoice = Literal["system", "light", "dark"]

FOLDER_VARIABLE = "CARTOCELL_SETTINGS"
"""Environment variable that names the folder of the settings; tests use it to leave the user's alone."""

MOST_RECENT = 10


class VoxelPreset(BaseModel):
    """A voxel size of the lab, under a name that the lab gave it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, description='"Confocal 40x, 0.7 µm steps"')]
    z_um: Annotated[float, Field(gt=0, description="Edge length along z in µm.")]
    y_um: Annotated[float, Field(gt=0, description="Edge length along y in µm.")]
    x_um: Annotated[float, Field(gt=0, description="Edge length along x in µm.")]


class DesktopSettings(BaseModel):
    """Choices and habits; every value has a default, so that an empty file is a good file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    theme: Annotated[ThemeChoice, Field(description="Light, dark, or as the system is.")] = "system"
    recent_projects: Annotated[tuple[str, ...], Field(description="Project folders, the latest first.")] = ()
    last_folder: Annotated[str, Field(description="Where file dialogs open.")] = ""
    geometry: Annotated[str, Field(description="Place and size of the window (Qt's bytes in base64).")] = ""
    layout: Annotated[str, Field(description="Panels of the window (Qt's bytes in base64).")] = ""
    voxel_presets: Annotated[tuple[VoxelPreset, ...], Field(description="Voxel sizes of the lab, by name.")] = ()
    panels: Annotated[
        dict[str, str | int | float | bool], Field(description='Habits in panels: {"viewer.colour_map": "grey"}.')
    ] = {}


def settings_folder() -> Path:
    """Folder of settings and logs: the platform's, or the one that the environment variable names."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else user_config_path("CartoCell", appauthor=False, roaming=True)


def load_settings() -> DesktopSettings:
    """Settings from disk; what is unknown or invalid is dropped with a warning in the log."""
    path = _settings_file()
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return DesktopSettings()
    except (OSError, ValueError) as error:
        log.warning("%s could not be read (%s); starting with the defaults.", path, error)
        return DesktopSettings()
    if not isinstance(found, dict):
        log.warning("%s holds no settings; starting with the defaults.", path)
        return DesktopSettings()
    return DesktopSettings(**{key: value for key, value in found.items() if _is_good(key, value)})


def save_settings(settings: DesktopSettings) -> None:
    """Write settings to disk, whole or not at all; a disk that refuses is no more than a warning in the log."""
    try:
        with whole_file(_settings_file()) as partial:
            partial.write_text(settings.model_dump_json(indent=2), encoding="utf-8")
    except (UserError, OSError) as error:
        log.warning("The settings were not saved: %s", error)


def with_recent(settings: DesktopSettings, project: Path) -> DesktopSettings:
    """Settings with `project` as the latest of the recent ones."""
    others = (folder for folder in settings.recent_projects if folder != str(project))
    return settings.model_copy(update={"recent_projects": (str(project), *others)[:MOST_RECENT]})


def _settings_file() -> Path:
    return settings_folder() / "settings.json"


def _is_good(key: str, value: Any) -> bool:
    try:
        DesktopSettings(**{key: value})
    except (ValidationError, TypeError) as error:
        log.warning("The setting %r was dropped: %s", key, error)
        return False
    return True
