"""The codec alone, on clips that training never met: spectral distances, use of the codes, bits, and what a recogniser
still understands.

    python -m any_to_any_training.sound.measure --run run"""
import json
import math

import numpy as np
import torch

from .. import settings
from .clips import Clips
from .codec import SoundCodec
from .loss import SIZES, SpectralLoss
from .recognise import Recogniser, score
from .train import load_codec
from .voices import RATE, STRIDE


@torch.no_grad()
def distances(codec: SoundCodec, clips: Clips, entries: list[dict], codebooks: int) -> tuple[dict[str, float], list[np.ndarray]]:
    """Mean absolute log-mel and log-magnitude differences (natural log; mean of three resolutions), and the decoded clips."""
    spectral, mel, magnitude, heard = SpectralLoss(), 0.0, 0.0, []
    for entry in entries:
        truth = torch.from_numpy(clips.samples(entry))[None]
        decoded = codec.decode(codec.encode(truth, codebooks))
        heard.append(decoded[0].numpy())
        for size, _ in SIZES:
            a, b = spectral.magnitude(decoded, size), spectral.magnitude(truth, size)
            bank = getattr(spectral, f"mel_{size}")
            mel += ((bank @ a + 1e-3).log() - (bank @ b + 1e-3).log()).abs().mean().item() / len(SIZES) / len(entries)
            magnitude += ((a + 1e-2).log() - (b + 1e-2).log()).abs().mean().item() / len(SIZES) / len(entries)
    return {"mel": round(mel, 3), "stft": round(magnitude, 3)}, heard


def usage(codec: SoundCodec, clips: Clips, entries: list[dict]) -> dict[str, float]:
    ids = np.concatenate([codec.encode(torch.from_numpy(clips.samples(e))[None], 1)[0, 0].numpy() for e in entries])
    share = np.bincount(ids, minlength=codec.config.codes) / len(ids)
    used = share[share > 0]
    return {"frames": len(ids), "used": round(len(used) / codec.config.codes, 3), "perplexity": round(float(np.exp(-(used * np.log(used)).sum())))}


def main() -> None:
    arguments = settings.options(__doc__)
    arguments.add_argument("--count", type=int, default=100)
    arguments.add_argument("--threads", type=int, default=2)
    options = arguments.parse_args()
    settings.take_threads(options.threads)
    clips, codec, recogniser = Clips(options.run / "sound"), load_codec(options.run), Recogniser()
    print(json.dumps({"not in the recogniser's dictionary": recogniser.missing, "usage": usage(codec, clips, clips.select(split="unseen"))}))
    for split in ("unseen", "voice"):
        entries = [e for e in clips.select(kind="speech", split=split, language="en") if recogniser.covers(e) and len(e["text"].split()) > 3][: options.count]
        said = [e["text"] for e in entries]
        right, errors = score(recogniser, [clips.samples(e) for e in entries], said)
        print(json.dumps({"split": split, "n": len(entries), "codebooks": "none: as spoken", "sentences right": right, "word error rate": round(errors, 3)}), flush=True)
        for count in (1, 2, 4):
            if count <= codec.config.codebooks:
                apart, heard = distances(codec, clips, entries, count)
                right, errors = score(recogniser, heard, said)
                bits = count * math.log2(codec.config.codes) * RATE / STRIDE
                print(json.dumps({"split": split, "n": len(entries), "codebooks": count, "bits/s": bits, **apart, "sentences right": right, "word error rate": round(errors, 3)}), flush=True)


if __name__ == "__main__":
    main()
