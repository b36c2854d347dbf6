import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.project.names import day_and_condition


@pytest.mark.parametrize(
    ("file_name", "day", "condition"),
    [
        ("Cyst 4d filt 2po Pha,Bcat,DAPI 02.08.19 40x POC 3 Z6", "4 d", None),
        ("cyst 7d filt 3po pha bcat dapi 15.07.19 40x z4.5 4a", "7 d", None),
        ("10d.1B.26.2", "10 d", "1B"),
        ("control_7d.3HX3.1HX1.C.9.3", "7 d", "control"),
        ("7d.4C.8_2", "7 d", "4C"),
        ("7d.4C.8_2.tif", "7 d", "4C"),
        ("hypoxia_10 days_3", "10 d", "hypoxia"),
        ("7d_hypoxia_3", "7 d", "hypoxia"),
        ("hypoxia day 4 b", "4 d", "hypoxia"),
        ("MDCK 3D culture 7d", "7 d", None),
        ("7D.4C.8_2", "7 d", "4C"),
        ("7d.tif", "7 d", None),
        ("stack", None, None),
        ("celegans_t044_raw", None, None),
        ("x3d2", None, None),
        ("", None, None),
    ],
)
def test_the_names_of_the_data_set_are_understood(file_name, day, condition):
    assert day_and_condition(file_name) == (day, condition)


@given(st.text())
def test_any_name_is_read_without_trouble(file_name):
    day, condition = day_and_condition(file_name)
    assert day is None or day.endswith(" d")
    assert condition is None or condition in file_name
