"""An outside recogniser for English: Debian's pocketsphinx with a grammar of every description of a scene.

    python -m any_to_any_training.sound.recognise --run run
Prints how many held-out sentences it recognises whole, and their word error rate: as spoken, and through the codec."""
import argparse
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch

from ..data.concepts import COLOUR_NAMES, CONCEPTS, NUMBERS
from .clips import Clips
from .train import load_codec, save_wav
from .warm_encoder import word_errors

MODEL = Path("/usr/share/pocketsphinx/model/en-us")


def spelt(words: str) -> str:
    """Words as the dictionary of the recogniser has them."""
    return words.lower().replace("t-shirt", "tee shirt").replace("ufo", "u. f. o.").replace("-", " ").replace(",", "")


class Recogniser:
    def __init__(self):
        known = {re.sub(r"\(\d+\)", "", line.split(" ", 1)[0]) for line in (MODEL / "cmudict-en-us.dict").read_text().splitlines()}
        usable = [c for c in CONCEPTS if all(word in known for word in f"{spelt(c.en)} {spelt(c.plural)}".split())]
        self.missing = [c.id for c in CONCEPTS if c not in usable]
        names, plurals = (" | ".join(sorted({spelt(word) for word in words})) for words in ([c.en for c in usable], [c.plural for c in usable]))
        self.grammar = f"""#JSGF V1.0;
grammar scene;
public <scene> = (<thing> | <pair> | <count>) [<ground>];
<thing> = [a | an] [small] ({names});
<pair> = <thing> (above | to the left of) <thing>;
<count> = ({" | ".join(NUMBERS[n][0] for n in (2, 3, 4))}) ({plurals});
<ground> = on (a | an) ({" | ".join(COLOUR_NAMES)}) background;
"""

    def hear(self, clips: list[np.ndarray]) -> list[str]:
        """Best sentence of each clip (float32, 16 kHz), "" where none fits."""
        with tempfile.TemporaryDirectory() as folder:
            at = Path(folder)
            (at / "scene.gram").write_text(self.grammar)
            for index, clip in enumerate(clips):
                save_wav(at / f"{index}.wav", np.pad(clip, 3200))
            (at / "list").write_text("".join(f"{index}\n" for index in range(len(clips))))
            subprocess.run(["pocketsphinx_batch", "-hmm", str(MODEL / "en-us"), "-dict", str(MODEL / "cmudict-en-us.dict"), "-jsgf", str(at / "scene.gram"),
                            "-adcin", "yes", "-adchdr", "44", "-cepdir", folder, "-cepext", ".wav", "-ctl", str(at / "list"), "-hyp", str(at / "hyp")],
                           check=True, capture_output=True)
            lines = (at / "hyp").read_text().splitlines()
        return [re.sub(r"\s*\(\S+ -?\d+\)\s*$", "", line).strip() for line in lines]

    def covers(self, entry: dict) -> bool:
        return not any(CONCEPTS[o].id in self.missing for o in entry["scene"]["objects"])


def score(recogniser: Recogniser, clips: list[np.ndarray], said: list[str]) -> tuple[int, float]:
    """-> sentences right, word error rate"""
    errors = [word_errors(heard, spelt(words)) for heard, words in zip(recogniser.hear(clips), said)]
    return sum(e == 0 for e, _ in errors), sum(e for e, _ in errors) / sum(n for _, n in errors)


@torch.no_grad()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--run", type=Path, default=Path("run"))
    arguments.add_argument("--count", type=int, default=100)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    clips, codec, recogniser = Clips(options.run / "sound"), load_codec(options.run), Recogniser()
    print("not in the recogniser's dictionary:", " ".join(recogniser.missing) or "none")
    entries = [e for e in clips.select(kind="speech", split="unseen", language="en") if recogniser.covers(e)][: options.count]
    said, originals = [e["text"] for e in entries], [clips.samples(e) for e in entries]
    for name, count in [("as spoken", 0), ("1 codebook", 1), ("2 codebooks", 2), ("4 codebooks", 4)]:
        if count > codec.config.codebooks:
            continue
        heard = [codec.decode(codec.encode(torch.from_numpy(o)[None], count))[0].numpy() for o in originals] if count else originals
        right, errors = score(recogniser, heard, said)
        print(f"{name}: {right} of {len(entries)} sentences, word error rate {errors:.3f}")


if __name__ == "__main__":
    main()
