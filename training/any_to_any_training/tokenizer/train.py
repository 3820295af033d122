"""Trains the image tokenizer on composed scenes; resumable.

    python -m any_to_any_training.tokenizer.train --config configs/small.json --run run
Writes RUN/tokenizer/{state.pt, log.jsonl, samples.png, curves.png}; the decoder training reads state.pt."""
import json
import os
import time
from random import Random

import numpy as np
import torch
import torch.nn.functional as F

from ..average import Average
from ..data.compose import Atlas, compose, to_tensor_range
from ..data.splits import training_scene
from ..pictures import curves, sheet, to_uint8
from ..schedule import rate
from ..settings import begin, read, trainer_options
from .loss import reconstruction_loss
from .measure import held_out_scenes, measure
from .model import ImageTokenizer, TokenizerConfig
from .quantise import CodebookTrainer

KINDS = {"single": 0.6, "pair": 0.25, "count": 0.15}


class ScenePool:
    """A pool of composed scenes of which a few are replaced at every step."""

    def __init__(self, atlas: Atlas, size: int, seed: int):
        self.atlas, self.random = atlas, Random(seed)
        self.pixels = np.stack([self.draw() for _ in range(size)])

    def draw(self) -> np.ndarray:
        return compose(training_scene(self.random, KINDS), self.atlas)

    def batch(self, size: int, renew: int = 8) -> torch.Tensor:
        for _ in range(renew):
            self.pixels[self.random.randrange(len(self.pixels))] = self.draw()
        chosen = [self.random.randrange(len(self.pixels)) for _ in range(size)]
        return torch.from_numpy(to_tensor_range(self.pixels[chosen]))


def forward(model: ImageTokenizer, pixels: torch.Tensor, quantised: bool):
    """-> reconstruction, unit vectors [N, w], ids [N], commitment loss."""
    vectors = model.encoder(pixels, local=True)
    flat = vectors.permute(0, 2, 3, 1).reshape(-1, vectors.shape[1])
    if not quantised:
        return model.decoder(vectors).float(), flat.detach(), None, flat.new_zeros(())
    ids = model.codebook.nearest(flat.detach())
    codes = model.codebook.weight[ids]
    commitment = F.mse_loss(flat, codes, reduction="none").sum(1).mean()
    passed = flat + (codes - flat).detach()
    shaped = passed.view(len(pixels), *vectors.shape[2:], -1).permute(0, 3, 1, 2)
    return model.decoder(shaped).float(), flat.detach(), ids, commitment


def main() -> None:
    options = trainer_options(__doc__).parse_args()
    config = read(options.config)["tokenizer"]
    train = config["train"]
    device = begin(train, options.threads)
    folder = options.run / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    atlas = Atlas(options.run / "sprites")
    model = ImageTokenizer(TokenizerConfig(**config["model"])).to(device)
    model.encoder.zero_reaching_taps()
    average, book = Average(model, train["average"]), CodebookTrainer(model.codebook)
    optimiser = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-3, betas=(0.9, 0.95), weight_decay=train["decay"])
    step, spent = 0, 0.0
    if (folder / "state.pt").exists():
        state = torch.load(folder / "state.pt", weights_only=False, map_location=device)
        model.load_state_dict(state["model"]), average.model.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"]), book.restore(state["book"])
        step, spent = state["step"], state["spent"]
    pool = ScenePool(atlas, train["pool"], train["seed"] + step)
    held_out = held_out_scenes(atlas, 256, seed=7).to(device)
    budget = 60 * (options.minutes or train["minutes"])
    log = (folder / "log.jsonl").open("a")
    began = saved = time.time()
    start_vectors = []
    while spent + time.time() - began < budget:
        progress = (spent + time.time() - began) / budget
        for group in optimiser.param_groups:  # the schedule follows the clock: a pause must not cost the cool-down
            group["lr"] = rate(int(progress * 10000) if step > 200 else step * 2, 10000, train["rate"])
        pixels = pool.batch(train["batch"]).to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=train["bf16"]):
            output, vectors, ids, commitment = forward(model, pixels, quantised=step >= train["kmeansAt"])
        loss = reconstruction_loss(output, pixels)
        (loss + 0.25 * commitment).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        if ids is not None:
            book.update(vectors, ids)
            if step % 50 == 0 and progress < 0.8:
                book.restart_dead(vectors, ids)
        elif step >= train["kmeansAt"] - 12:
            start_vectors.append(vectors)
            if step == train["kmeansAt"] - 1:
                book.start(torch.cat(start_vectors))
        average.update(model, step)
        step += 1
        record = {"step": step, "loss": round(loss.item(), 5), "commitment": round(commitment.item(), 5), "minutes": round((spent + time.time() - began) / 60, 2)}
        if step % 500 == 0:
            model.eval()
            record |= measure(average.model, held_out)
        if step % 20 == 0:
            log.write(json.dumps(record) + "\n")
            log.flush()
        if time.time() - saved > 120 or spent + time.time() - began >= budget:
            saved = time.time()
            state = {"model": model.state_dict(), "average": average.model.state_dict(), "optimiser": optimiser.state_dict(), "book": book.state(),
                     "config": config["model"], "step": step, "spent": spent + saved - began}
            torch.save(state, folder / "state.tmp")
            os.replace(folder / "state.tmp", folder / "state.pt")
            with torch.no_grad():
                shown = average.model.decode(average.model.encode(held_out[:16]))
            sheet([list(to_uint8(held_out[:16].cpu().numpy())), list(to_uint8(shown.cpu().numpy()))], folder / "samples.png")
            curves(folder / "log.jsonl", ["loss", "commitment"], folder / "curves.png")


if __name__ == "__main__":
    main()
