"""Trains the drawing half of a finished tokenizer further; ids keep their meaning, so a trained decoder stays valid.

    python -m any_to_any_training.tokenizer.refine --config configs/small.json --run run
Starts from the averaged weights and puts the better drawing half back into RUN/tokenizer/state.pt and, if it is
there, into RUN/checkpoint."""
import json
import os
import time
from random import Random

import numpy as np
import torch
from torch import nn

from ..average import Average
from ..checkpoint import save_weights
from ..data.compose import Atlas, compose, to_tensor_range
from ..data.splits import training_scene
from ..decoder.ids import IdTable
from ..pictures import sheet, to_uint8
from ..schedule import rate
from ..settings import begin, read, trainer_options
from .loss import reconstruction_loss
from .measure import held_out_scenes, measure
from .restore import load_tokenizer

KINDS = {"single": 0.5, "pair": 0.3, "count": 0.2}


def main() -> None:
    options = trainer_options(__doc__).parse_args()
    train = read(options.config)["refine"]["train"]
    begin(train, options.threads)
    budget = 60 * (options.minutes or train["minutes"])
    folder = options.run / "tokenizer"
    atlas, tokenizer = Atlas(options.run / "sprites"), load_tokenizer(options.run)
    table, random = IdTable(tokenizer, atlas), Random(int(time.time()))
    held_out = held_out_scenes(atlas, 512, seed=7)
    before = measure(tokenizer, held_out)
    decoder = tokenizer.decoder.requires_grad_(True)
    average = Average(decoder, 0.999)
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=train["rate"], betas=(0.9, 0.95), weight_decay=0.01)
    codes = tokenizer.codebook.weight
    began, step = time.time(), 0
    while (progress := (time.time() - began) / budget) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate(int(10000 * progress), 10000, train["rate"])
        scenes = [training_scene(random, KINDS) for _ in range(64)]
        pixels = torch.from_numpy(to_tensor_range(np.stack([compose(s, atlas) for s in scenes])))
        ids = torch.from_numpy(np.stack([table.ids(s) for s in scenes]))
        with torch.autocast("cpu", torch.bfloat16):
            output = decoder(codes[ids].permute(0, 3, 1, 2)).float()
        loss = reconstruction_loss(output, pixels)
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        average.update(decoder, step)
        step += 1
        if step % 100 == 0:
            print(json.dumps({"step": step, "loss": round(loss.item(), 5), "minutes": round((time.time() - began) / 60, 2)}), flush=True)
    tokenizer.decoder = average.model
    print(json.dumps({"before": before, "after": measure(tokenizer, held_out)}))
    state = torch.load(folder / "state.pt", weights_only=False)
    state["average"] = tokenizer.state_dict()
    torch.save(state, folder / "state.tmp")
    os.replace(folder / "state.tmp", folder / "state.pt")
    if (options.run / "checkpoint").exists():
        save_weights(tokenizer, options.run / "checkpoint" / "image-tokenizer.safetensors")
    with torch.no_grad():
        shown = tokenizer.decode(tokenizer.encode(held_out[:16]))
    sheet([list(to_uint8(held_out[:16].numpy())), list(to_uint8(shown.numpy()))], folder / "samples.png")


if __name__ == "__main__":
    main()
