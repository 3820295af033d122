"""Warms the understanding encoder up: every one of its embeddings learns to tell what stands there.

    python -m any_to_any_training.decoder.warm_encoder --config configs/small.json --run run
Without it the decoder learns to write a description's frame long before it sees an object in it. Writes
RUN/encoder.pt, from which the decoder's trainer starts; the linear head used here is thrown away."""
import json
import time
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ..data.compose import Atlas, to_tensor_range
from ..data.concepts import COLOUR_NAMES, CONCEPTS, STYLES
from ..data.scene import SIDE, Scene, placements
from ..data.splits import training_scene
from ..schedule import rate
from ..settings import begin, read, trainer_options
from .image_encoder import ImageEncoder, ImageEncoderConfig
from .tasks import as_drawn, look

NOTHING = len(CONCEPTS)


def there(scene: Scene, scale: int) -> np.ndarray:
    """[patches] concept at the centre of each 16 px patch, or NOTHING."""
    side = SIDE * scale // 16
    out, centres = np.full((side, side), NOTHING), (np.arange(side) + 0.5) * 16 / scale
    for concept, size, x, y in placements(scene):
        out[np.ix_((y <= centres) & (centres < y + size), (x <= centres) & (centres < x + size))] = concept
    return out.reshape(-1)


def main() -> None:
    options = trainer_options(__doc__).parse_args()
    settings = read(options.config)
    config, train = settings["decoder"], settings["reader"]["train"]
    device = begin(train, options.threads)
    budget = 60 * (options.minutes or train["minutes"])
    atlas, random = Atlas(options.run / "sprites"), Random(train["seed"])
    encoder = ImageEncoder(ImageEncoderConfig.of_side(SIDE * atlas.scale, config["model"]["width"]))
    if (options.run / "encoder.pt").exists():  # goes on
        encoder.load_state_dict(torch.load(options.run / "encoder.pt"))
    head = nn.Linear(config["model"]["width"], NOTHING + 1 + len(COLOUR_NAMES) + len(STYLES)).to(device)
    encoder.to(device)
    optimiser = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=1e-3, betas=(0.9, 0.98), weight_decay=0.01)
    began, step, mean = time.time(), 0, 0.0
    while (progress := (time.time() - began) / budget) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate(int(10000 * progress), 10000, 2e-3)
        scenes = [training_scene(random, config["train"]["kinds"]) for _ in range(64)]
        pixels = torch.from_numpy(to_tensor_range(np.stack([look(scene, atlas, random) for scene in scenes]))).to(device)
        what = torch.from_numpy(np.stack([there(s, atlas.scale) for s in scenes])).to(device)
        colour = torch.tensor([COLOUR_NAMES.index(s.colour) for s in scenes], device=device)[:, None].expand(-1, what.shape[1])
        style = torch.tensor([STYLES.index(as_drawn(s).style) for s in scenes], device=device)[:, None].expand(-1, what.shape[1])
        with torch.autocast(device.type, torch.bfloat16):
            seen = encoder(pixels)
            logits = head(F.rms_norm(seen, seen.shape[-1:])).float()
        parts = logits.split([NOTHING + 1, len(COLOUR_NAMES), len(STYLES)], dim=-1)
        concept_loss = F.cross_entropy(parts[0].flatten(0, 1), what.flatten())
        loss = concept_loss + 0.2 * F.cross_entropy(parts[1].flatten(0, 1), colour.flatten()) + 0.2 * F.cross_entropy(parts[2].flatten(0, 1), style.flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
        optimiser.step()
        objects = what != NOTHING
        mean += 0.02 * ((parts[0].argmax(-1) == what)[objects].float().mean().item() - mean)
        step += 1
        if step % 100 == 0:
            print(json.dumps({"step": step, "concept loss": round(concept_loss.item(), 3), "right": round(mean, 3), "scale": round(seen.float().std().item(), 2), "minutes": round((time.time() - began) / 60, 2)}), flush=True)
    torch.save(encoder.cpu().state_dict(), options.run / "encoder.pt")


if __name__ == "__main__":
    main()
