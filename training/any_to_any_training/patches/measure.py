"""How good the patch stage is on held-out scenes: PSNR after every step and of both enlargements, beside plain Lanczos,
and the seam ratio.

    python -m any_to_any_training.patches.measure --run run
Prints JSON and writes RUN/patches/{measure.json, samples.png}."""
import argparse
import json
from pathlib import Path
from random import Random

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..data.scene import Scene
from ..data.splits import held_out, held_out_scene
from ..pictures import sheet, to_uint8
from ..tokenizer.measure import REASONS, psnr
from ..tokenizer.model import ImageTokenizer
from ..tokenizer.restore import load_tokenizer
from .data import Pictures, Sources, sources, to_bytes, to_range
from .export import load_stage
from .model import PatchStage
from .sample import whole
from .schedule import sigmas
from .sizes import SIDE


def scenes(count: int, seed: int = 7) -> list[Scene]:
    """Equal shares of the four held-out kinds."""
    random, reasons = Random(seed), list(REASONS)
    return [held_out_scene(random, {REASONS[r]: 1.0}, r) for r in (reasons[i % len(reasons)] for i in range(count))]


def seam_ratio(pictures: Tensor, side: int) -> float:
    """Mean |difference| of neighbouring pixels across patch borders over that inside patches; 1: no seam shows."""
    across, inside, borders, others = 0.0, 0.0, 0, 0
    for axis in (-1, -2):
        change = pictures.diff(dim=axis).abs()
        is_border = torch.arange(1, pictures.shape[axis]) % side == 0
        at, beside = is_border.nonzero().flatten(), (~is_border).nonzero().flatten()
        across, borders = across + change.index_select(axis, at).sum().item(), borders + change.index_select(axis, at).numel()
        inside, others = inside + change.index_select(axis, beside).sum().item(), others + change.index_select(axis, beside).numel()
    return (across / max(borders, 1)) / max(inside / max(others, 1), 1e-12)


def lanczos(pictures: np.ndarray, scale: int) -> Tensor:
    size = pictures.shape[1] * scale
    return to_range(np.stack([np.asarray(Image.fromarray(p).resize((size, size), Image.LANCZOS)) for p in pictures]))


@torch.no_grad()
def measure(model: PatchStage, tokenizer: ImageTokenizer, art: Sources, levels: list[float], count: int) -> dict:
    model.eval()
    chosen = scenes(count)
    arrays = Pictures(tokenizer, art, chosen).arrays
    states, twofold, fourfold = whole(model, arrays["exact"], arrays["ids"], levels)
    truth = {scale: to_range(arrays[f"truth{scale}"]) for scale in (1, 2, 4)}
    decibels = lambda a, scale: round(psnr(a, truth[scale]).mean().item(), 2)  # noqa: E731
    seams = lambda a, scale: round(seam_ratio(to_range(to_bytes(a)), min(scale, 2) * SIDE) / seam_ratio(truth[scale], min(scale, 2) * SIDE), 3)  # noqa: E731
    plain = {scale: lanczos(arrays["exact"], scale) for scale in (2, 4)}
    gains = psnr(fourfold, truth[4]) - psnr(plain[4], truth[4])
    of_reason = lambda reason: [i for i, scene in enumerate(chosen) if held_out(scene) == {reason}]  # noqa: E731
    return {
        "sigmas": [round(level, 4) for level in levels],
        "psnr": [decibels(state, 1) for state in states],
        "psnr2": decibels(twofold, 2), "lanczos2": decibels(plain[2], 2),
        "psnr4": decibels(fourfold, 4), "lanczos4": decibels(plain[4], 4),
        "gain4": {reason: round(gains[of_reason(reason)].mean().item(), 2) for reason in REASONS},
        "seams": {"draft": seams(states[0], 1), "sharp": seams(states[-1], 1), "twofold": seams(twofold, 2), "fourfold": seams(fourfold, 4)},
        "pictures": count,
    }


@torch.no_grad()
def samples(model: PatchStage, tokenizer: ImageTokenizer, art: Sources, levels: list[float], path: Path) -> None:
    """Rows of eight: the tokenizer's drawing, Lanczos x4, the stage x2 and x4, the truth; all shown at 256 px."""
    arrays = Pictures(tokenizer, art, scenes(8, seed=11)).arrays
    _, twofold, fourfold = whole(model, arrays["exact"], arrays["ids"], levels)
    rows = [to_range(arrays["exact"]), lanczos(arrays["exact"], 4), twofold, fourfold, to_range(arrays["truth4"])]
    shown = [[np.asarray(Image.fromarray(p).resize((256, 256), Image.NEAREST)) for p in to_uint8(row.numpy())] for row in rows]
    sheet(shown, path, ["drawn", "lanczos x4", "x2", "x4", "truth"], scale=1)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    arguments.add_argument("--pictures", type=int, default=256)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    model, stage = load_stage(options.run)
    tokenizer, levels = load_tokenizer(options.run), sigmas(stage["schedule"])
    art = sources(options.run, tokenizer)
    found = measure(model, tokenizer, art, levels, options.pictures)
    (options.run / "patches" / "measure.json").write_text(json.dumps(found, indent=2) + "\n")
    samples(model, tokenizer, art, levels, options.run / "patches" / "samples.png")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
