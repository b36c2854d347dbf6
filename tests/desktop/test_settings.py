import json
import logging
from pathlib import Path

import pytest

from cartocell_app.desktop.settings import (
    MOST_RECENT,
    DesktopSettings,
    VoxelPreset,
    load_settings,
    save_settings,
    with_recent,
)


def test_settings_come_back_as_they_were(own_settings: Path) -> None:
    settings = DesktopSettings(
        theme="dark",
        recent_projects=("/data/cysts.cartocell",),
        voxel_presets=(VoxelPreset(name="Confocal 40x", z_um=0.7, y_um=0.62, x_um=0.62),),
        panels={"viewer.colour_map": "grey", "viewer.opacity": 0.5},
    )
    save_settings(settings)
    assert load_settings() == settings
    assert [path.name for path in own_settings.iterdir()] == ["settings.json"]


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "null", "\x00\x01"])
def test_a_broken_file_does_not_stop_the_start(own_settings: Path, content: str) -> None:
    own_settings.mkdir()
    (own_settings / "settings.json").write_text(content)
    assert load_settings() == DesktopSettings()


def test_unknown_and_invalid_values_are_dropped_with_a_warning_and_the_rest_is_kept(
    own_settings: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own_settings.mkdir()
    content = {"theme": "pink", "flying": True, "last_folder": "/data", "recent_projects": 3}
    (own_settings / "settings.json").write_text(json.dumps(content))
    with caplog.at_level(logging.WARNING):
        assert load_settings() == DesktopSettings(last_folder="/data")
    assert all(f"'{key}'" in caplog.text for key in ("theme", "flying", "recent_projects"))


def test_a_folder_in_the_way_of_the_file_is_survived(own_settings: Path) -> None:
    (own_settings / "settings.json").mkdir(parents=True)
    save_settings(DesktopSettings(theme="dark"))
    assert load_settings() == DesktopSettings()


def test_recent_projects_are_few_and_each_is_there_once() -> None:
    settings = DesktopSettings()
    for number in range(MOST_RECENT + 3):
        settings = with_recent(settings, Path(f"/{number}"))
    settings = with_recent(settings, Path("/5"))
    assert settings.recent_projects[0] == str(Path("/5"))
    assert len(set(settings.recent_projects)) == len(settings.recent_projects) == MOST_RECENT
