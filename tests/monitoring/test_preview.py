"""How the preview writes numbers, keeps its colours, and what it says when it cannot draw."""

from pathlib import Path

import pytest
from PIL import Image, ImageColor

from monitoring.preview.__main__ import main
from monitoring.preview.canvas import Canvas
from monitoring.preview.style import BOX, GROUND, Box
from monitoring.preview.units import write


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "s", "0 s"),
        (0.0042, "s", "4.20 ms"),
        (90, "s", "1.50 min"),
        (0.4567, "percentunit", "45.7 %"),
        (1, "percentunit", "100 %"),
        (1234.5, "reqps", "1.23 Kreq/s"),
        (12, "short", "12"),
        (2_500_000, "short", "2.50 M"),
        (1536, "bytes", "1.50 KiB"),
        (1234567.891, "locale", "1,234,567.89"),
        (-3.5, "short", "-3.50"),
        (30, "d", "30 d"),
    ],
)
def test_a_number_is_written_for_people(value: float, unit: str, text: str) -> None:
    assert write(value, unit) == text


def test_without_a_prometheus_it_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_URL", raising=False)

    with pytest.raises(SystemExit, match="PROMETHEUS_URL is not set; run make up"):
        main([])


@pytest.mark.parametrize("span", ["1", "0m", "1w", "-5m"])
def test_a_span_that_is_none_is_refused(span: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--since={span}"])

    assert f"{span} is not a number of minutes, hours or days" in capsys.readouterr().err


def test_ground_and_panels_keep_their_colours_however_many_others_there_are(tmp_path: Path) -> None:
    canvas = Canvas(800, 600)
    canvas.box(Box(0, 0, 800, 500))
    for number in range(4096):
        tint = number * 2_654_435_761 >> 3 & 0xFFFFFF  # all over the space of colours
        canvas.bar(Box(10 + number % 64 * 6, 10 + number // 64 * 6, 6, 6), f"#{tint:06x}")

    canvas.save(tmp_path / "page.png")

    with Image.open(tmp_path / "page.png") as picture:
        drawn = picture.convert("RGB")
    assert [drawn.getpixel(place) for place in ((700, 590), (700, 450))] == [*map(ImageColor.getrgb, (GROUND, BOX))]
    assert len(drawn.getcolors(800 * 600) or []) > 200
