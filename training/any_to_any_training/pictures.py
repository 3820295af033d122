"""PNG output: sample sheets and loss curves (Pillow only)."""
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw


def to_uint8(pixels: np.ndarray) -> np.ndarray:
    """float [..., 3, H, W] in [-1, 1] -> uint8 [..., H, W, 3]."""
    return np.rint(np.clip(np.moveaxis(pixels, -3, -1) * 127.5 + 127.5, 0, 255)).astype(np.uint8)


def sheet(rows: list[list[np.ndarray]], path: Path, labels: list[str] | None = None, scale: int = 2) -> None:
    """Rows of uint8 [H, W, 3] pictures; a label is written under each row."""
    height, width = (scale * n + 4 for n in rows[0][0].shape[:2])
    strip = 14 if labels else 0
    canvas = Image.new("RGB", (width * max(map(len, rows)), (height + strip) * len(rows)), "white")
    draw = ImageDraw.Draw(canvas)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            canvas.paste(Image.fromarray(picture).resize((width - 4, height - 4), Image.NEAREST), (x * width, y * (height + strip)))
        if labels:
            draw.text((2, y * (height + strip) + height - 2), labels[y].encode("ascii", "replace").decode(), fill="black")
    canvas.save(path)


def curves(log: Path, keys: list[str], path: Path, size: tuple[int, int] = (900, 420)) -> None:
    """Plots the given keys of a JSONL log over `step`, each smoothed and on the common scale."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    series = {key: [(r["step"], r[key]) for r in lines if key in r] for key in keys}
    series = {key: points for key, points in series.items() if len(points) > 1}
    if not series:
        return
    last = max(p[-1][0] for p in series.values())
    tail = [v for p in series.values() for _, v in p[len(p) // 50 :]]
    low, high = min(tail), max(tail)
    canvas = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(canvas)
    inks = ["#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#7f7f7f"]
    width, height = size[0] - 70, size[1] - 40
    for i in range(5):
        y = 10 + height * i / 4
        draw.line([(60, y), (60 + width, y)], fill="#dddddd")
        draw.text((4, y - 5), f"{high - (high - low) * i / 4:.3f}", fill="black")
    for ink, (key, points) in zip(inks, series.items()):
        mean, line = points[0][1], []
        for step, value in points:
            mean += 0.1 * (value - mean)
            line.append((60 + width * step / last, 10 + height * (high - min(max(mean, low), high)) / max(high - low, 1e-9)))
        draw.line(line, fill=ink, width=2)
        draw.text((70 + 120 * list(series).index(key), size[1] - 22), key, fill=ink)
    draw.text((size[0] - 120, size[1] - 22), f"step {last}", fill="black")
    canvas.save(path)
