"""Trains the latent-diffusion baseline on the scenes and captions of the decoder; resumable. Needs RUN/sprites, RUN/tokenizer
and RUN/text.tiktoken; of RUN/start.pt (`from_bundle`) it takes where words begin, if that is there.

    python -m any_to_any_training.diffusion.train --config configs/small.json --run run --minutes 50
Writes RUN/diffusion/{state.pt, log.jsonl, curves.png, samples.png}."""
import json
import math
import os
import time
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn

from ..average import Average
from ..data import text_bpe
from ..data.captions import LANGUAGES, prompt
from ..data.compose import Atlas
from ..data.splits import training_scene
from ..decoder.ids import IdTable
from ..decoder.optimiser import Optimiser
from ..decoder.preview import PROMPTS
from ..decoder.tasks import World
from ..pictures import curves, sheet, to_uint8
from ..schedule import rate
from ..settings import begin, read, trainer_options
from ..tokenizer.model import ImageTokenizer
from ..tokenizer.restore import load_tokenizer
from .model import DiffusionConfig, LatentDiffusion
from .sample import draw, pad, sample
from .schedule import TIMES, signal_shares

UNUSED = {"tableRate": 0.0, "headRate": 0.0, "encoderRate": 0.0}  # rates of parts that only the decoder has


def batch_of(world: World, random: Random, count: int, nothing: int) -> tuple[Tensor, Tensor, Tensor]:
    """-> image ids [N, rows, columns], words [N, n] and which are there; some prompts say nothing, at their own length."""
    scenes = [training_scene(random, world.kinds) for _ in range(count)]
    said = [list(world.words(prompt(scene, random.choice(LANGUAGES), random))) for scene in scenes]
    said = [[nothing] * len(ids) if random.random() < world.dropout else ids for ids in said]
    return torch.from_numpy(np.stack([world.table.ids(scene) for scene in scenes])), *pad(said, nothing)


def loss_of(model: LatentDiffusion, clean: Tensor, words: Tensor, there: Tensor, shares: Tensor) -> Tensor:
    """Squared error of v = sqrt(a) noise - sqrt(1 - a) clean."""
    time = torch.randint(0, TIMES, (len(clean),))
    share = shares[time][:, None, None, None]
    noise = torch.randn_like(clean)
    noisy = share.sqrt() * clean + (1 - share).sqrt() * noise
    v = share.sqrt() * noise - (1 - share).sqrt() * clean
    return (model(noisy, time.float(), words, there).float() - v).square().mean()


@torch.no_grad()
def start_words(table: nn.Embedding, run: Path) -> None:
    """Words begin where the shipped decoder's text embeddings lie (RUN/start.pt), in the directions in which these differ most."""
    if not (run / "start.pt").exists():
        return
    known = torch.load(run / "start.pt")["ports.text.embedding"].float()[: len(table.weight)]
    known = known - known.mean(0)
    near = known @ torch.linalg.svd(known, full_matrices=False).Vh[: table.embedding_dim].T
    table.weight[: len(near)] = near / near.std()


def preview(model: LatentDiffusion, tokenizer: ImageTokenizer, world: World, train: dict, path: Path) -> None:
    said = [list(world.words(words)) for words in PROMPTS]
    made = draw(tokenizer, sample(model, said, 40, train["guidance"], torch.Generator().manual_seed(1)))
    pictures = list(to_uint8(made.numpy()))
    sheet([pictures[i : i + 5] for i in range(0, len(pictures), 5)], path)


def main() -> None:
    options = trainer_options(__doc__).parse_args()
    config = read(options.config)["diffusion"]
    train = config["train"]
    begin(train, options.threads)
    folder = options.run / "diffusion"
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(options.run)
    atlas = Atlas(options.run / "sprites")
    world = World(atlas, IdTable(tokenizer, atlas), text_bpe.load(options.run / "text.tiktoken"), train["kinds"], train["promptDropout"])
    shape = {"codes": tokenizer.config.codes, "code_width": tokenizer.config.code_width, "grid": world.table.grid[0], **config["model"]}
    model = LatentDiffusion(DiffusionConfig(**shape))
    start_words(model.text.table, options.run)
    average, optimiser = Average(model, train["average"]), Optimiser(model, UNUSED | train)
    step, mean = 0, 1.0
    spent, worked = 0.0, 0.0  # seconds of the clock, and of the processor
    if (folder / "state.pt").exists():
        state = torch.load(folder / "state.pt", weights_only=False)
        model.load_state_dict(state["model"]), average.model.load_state_dict(state["average"])
        optimiser.restore(state["optimiser"])
        step, mean, spent, worked = (state[name] for name in ("step", "mean", "spent", "worked"))
    random = Random(train["seed"] + step)
    vectors, shares = tokenizer.codebook.weight * model.config.code_width**0.5, signal_shares().float()
    budget = 60 * (options.minutes or train["minutes"])
    log = (folder / "log.jsonl").open("a")
    began = saved = shown = time.time()
    while spent + time.time() - began < budget:
        ids, words, there = batch_of(world, random, train["batch"], model.config.words)
        with torch.autocast("cpu", torch.bfloat16, enabled=train["bf16"]):
            loss = loss_of(model, vectors[ids].permute(0, 3, 1, 2), words, there, shares)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        passed = spent + time.time() - began
        optimiser.step(rate(int(passed / budget * 10_000), 10_000, 1.0))  # by the clock: a pause must not cost the cool-down
        average.update(model, step)
        step += 1
        mean += 0.02 * (loss.item() - mean)
        if not math.isfinite(mean):
            raise FloatingPointError(f"the loss is {loss.item()} at step {step}")
        if step % 20 == 0:
            log.write(json.dumps({"step": step, "loss": round(mean, 5), "minutes": round(passed / 60, 2), "worked": round((worked + time.process_time()) / 60, 2)}) + "\n")
            log.flush()
        over = spent + time.time() - began >= budget
        if time.time() - saved > 120 or over:
            saved = time.time()
            state = {"model": model.state_dict(), "average": average.model.state_dict(), "optimiser": optimiser.state(),
                     "config": shape, "guidance": train["guidance"], "step": step, "mean": mean, "spent": spent + saved - began, "worked": worked + time.process_time()}
            torch.save(state, folder / "state.tmp")
            os.replace(folder / "state.tmp", folder / "state.pt")
        if time.time() - shown > 60 * train["previewMinutes"] or over:
            shown = time.time()
            preview(average.model, tokenizer, world, train, folder / "samples.png")
            curves(folder / "log.jsonl", ["loss"], folder / "curves.png")


if __name__ == "__main__":
    main()
