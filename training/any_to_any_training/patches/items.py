"""Writes what `npm run bench patches` measures by: true renders of held-out scenes, so that it runs without Python.

    python -m any_to_any_training.patches.items --run run --to ../bench/patches/items
Needs RUN/sprites and RUN/sprites-large.
    truth-64.webp, truth-128.webp, truth-256.webp   the same scenes at three sizes, without loss (named by their px)
Scenes lie four to a row, and those of a row share their background: two by two they are one larger picture."""
import argparse
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image

from ..data.compose import Atlas, compose
from ..data.concepts import COLOUR_NAMES
from ..data.scene import Scene
from ..data.splits import held_out_scene
from ..tokenizer.measure import REASONS

COLUMNS = 4


def scenes(rows: int, seed: int) -> list[Scene]:
    """In every row one scene of each held-out kind, all on the same background."""
    random, found = Random(seed), []
    for colour in random.sample([name for name in COLOUR_NAMES if name != "white"], rows):
        for reason, kind in list(REASONS.items())[:COLUMNS]:
            while (scene := held_out_scene(random, {kind: 1.0}, reason)).colour != colour:
                pass
            found.append(scene)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    arguments.add_argument("--to", type=Path, required=True)
    arguments.add_argument("--rows", type=int, default=3)
    arguments.add_argument("--seed", type=int, default=2024)
    options = arguments.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    chosen = scenes(options.rows, options.seed)
    small, large = Atlas(options.run / "sprites"), Atlas(options.run / "sprites-large")
    for scale in (1, 2, 4):
        pictures = [compose(scene, small) if scale == 1 else compose(scene, large, scale=scale * small.scale) for scene in chosen]
        rows = [np.concatenate(pictures[i : i + COLUMNS], axis=1) for i in range(0, len(pictures), COLUMNS)]
        side = pictures[0].shape[0]
        Image.fromarray(np.concatenate(rows)).save(options.to / f"truth-{side}.webp", lossless=True, quality=100, method=6)


if __name__ == "__main__":
    main()
