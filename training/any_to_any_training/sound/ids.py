"""Codec ids of every clip: RUN/sound/ids.i16, first codebook first (the decoder uses `codebooks` of them).

    python -m any_to_any_training.sound.ids --run run"""
import numpy as np
import torch

from .. import settings
from .clips import Clips
from .train import load_codec
from .voices import STRIDE


@torch.no_grad()
def main() -> None:
    options = settings.options(__doc__).parse_args()
    clips, codec = Clips(options.run / "sound"), load_codec(options.run)
    ids = np.zeros(len(clips.data) // STRIDE, np.int16)
    order = sorted(clips.index, key=lambda entry: entry["length"])
    for at in range(0, len(order), 64):
        part = order[at : at + 64]
        longest = part[-1]["length"]
        samples = torch.from_numpy(np.stack([np.pad(clips.samples(e), (0, longest - e["length"])) for e in part]))
        for entry, row in zip(part, codec.encode(samples, 1)[:, 0].numpy()):
            frames, start = entry["length"] // STRIDE, entry["start"] // STRIDE
            ids[start : start + frames] = row[:frames]
    ids.tofile(options.run / "sound/ids.i16")
    used = np.bincount(ids, minlength=codec.config.codes)
    print(f"{len(ids)} frames, {(used > 0).mean():.1%} of the codes used, perplexity {np.exp(-(p := used[used > 0] / used.sum()) @ np.log(p)):.0f}")


if __name__ == "__main__":
    main()
