"""Tables that cannot be understood."""


def test_a_quotation_mark_that_is_not_closed_is_said(tmp_path, cartocell):
    path = tmp_path / "big.csv"
    path.write_text(
        'name,file\na,a.tif\nb,"b.tif\n' + "".join(f"c{number},c{number}.tif\n" for number in range(20_000))
    )
    answer = cartocell("segment", "--list", path, "-o", tmp_path / "out")
    assert answer.code == 2
    assert f"{path} is no table from row 3 on. Is a quotation mark there that is not closed?" in " ".join(
        answer.err.split()
    )
