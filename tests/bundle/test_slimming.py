import subprocess
import sys
from pathlib import Path

import pytest
from slimming import BINARY, LINK, only_needed, stripped, without, without_copies, without_dead_links


def test_what_matches_is_left_out_wherever_the_system_writes_its_slashes() -> None:
    entries = [("PySide6\\Qt\\translations\\qt_de.qm", "a", "DATA"), ("PySide6/Qt/lib/libQt6Core.so.6", "b", BINARY)]
    assert without(entries, ["PySide6/Qt/translations/"]) == entries[1:]


def test_libraries_that_nothing_is_linked_to_are_left_out_and_those_loaded_by_name_stay() -> None:
    module, used, deeper, _, by_name, python = entries = [
        (place, place, BINARY)
        for place in (
            "a/module.so", "libs/libused-0123abcd.so.1", "libdeeper.so.6", "libunused.so.2", "p/libprovider.so",
            "libpython3.11.so.1.0",
        )
    ]  # fmt: skip
    links = {module: {"libused-0123abcd.so.1", "libc.so.6"}, used: {"libdeeper.so.6"}}
    assert only_needed(entries, lambda entry: links.get(entry, set())) == [module, used, deeper, by_name, python]


def test_the_second_copy_of_a_file_is_a_link_to_the_first(tmp_path: Path) -> None:
    for name, content in (("one", b"same"), ("two", b"same"), ("three", b"other")):
        (tmp_path / name).write_bytes(content)
    one, two, three = (str(tmp_path / name) for name in ("one", "two", "three"))
    entries = [("numpy.libs/x.so.5", one, BINARY), ("scipy.libs/x.so.5", two, BINARY), ("c/x.so.5", three, BINARY)]
    assert without_copies(entries) == [entries[0], ("scipy.libs/x.so.5", "../numpy.libs/x.so.5", LINK), entries[2]]


def test_links_to_what_is_not_there_any_more_go() -> None:
    file, good, dead = ("a/x.so", "/x", BINARY), ("x.so", "a/x.so", LINK), ("y.so", "a/y.so", LINK)
    assert without_dead_links([file, good, dead]) == [file, good]


@pytest.mark.skipif(sys.platform != "linux", reason="done on Linux only")
def test_modules_are_stripped_and_repaired_libraries_are_not(tmp_path: Path) -> None:
    import cc3d.fastcc3d

    module = cc3d.fastcc3d.__file__
    light, same = stripped([("cc3d/m.so", module, BINARY), ("numpy.libs/m.so", module, BINARY)], tmp_path)
    assert same == ("numpy.libs/m.so", module, BINARY)
    assert Path(light[1]).stat().st_size <= Path(module).stat().st_size
    assert subprocess.run(["nm", "--dynamic", light[1]], capture_output=True, text=True).stdout.count("PyInit_") == 1
