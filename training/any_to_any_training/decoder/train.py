"""Trains the decoder and the understanding encoders together on every task; resumable.

    python -m any_to_any_training.decoder.train --config configs/small.json --run run
`workers` processes take their own steps and agree on the mean of their weights (`together`); one where there is a GPU.
Needs RUN/sprites, RUN/text.tiktoken, RUN/tokenizer/state.pt, RUN/codec/state.pt, RUN/sound and, if there, the warmed
RUN/encoder.pt and RUN/sound-encoder.pt. RUN/start.pt, if there, holds the decoder's first weights: those of a smaller
one are grown. Writes RUN/decoder/{state.pt, log.jsonl, *.png} and, every few minutes, the averaged weights as a
checkpoint directory RUN/checkpoint."""
import json
import os
import time
from argparse import Namespace
from copy import deepcopy
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import nn

from ..average import Average
from ..checkpoint import describe, write
from ..data import text_bpe
from ..data.compose import Atlas
from ..data.scene import SIDE
from ..pictures import curves
from ..schedule import rate
from ..settings import begin, read, trainer_options
from ..sound.clips import Clips
from ..sound.codec import SoundCodec
from ..sound.disturb import another_throat
from ..sound.encoder import SoundEncoder, SoundEncoderConfig
from ..sound.train import load_codec
from ..together import Together, spread
from ..tokenizer.restore import load_tokenizer
from .config import DecoderConfig, PortConfig
from .distil import distil, guide_task
from .grow import load_grown
from .ids import IdTable
from .image_encoder import ImageEncoder, ImageEncoderConfig
from .likeness import FRESH, likeness_of
from .loss import losses
from .model import Decoder
from .optimiser import Optimiser
from .preview import preview
from .sequence import Example, collate
from .sound_tasks import Hearing, sound_tasks
from .tasks import Feed, World, mixing, picture_tasks


DRAWING = ("image", "edit", "draw-heard", "speak", "say-picture", "repeat", "play", "play-picture")  # tasks that end in ids


class Models(nn.Module):
    def __init__(self, decoder: Decoder, image: ImageEncoder, audio: SoundEncoder):
        super().__init__()
        self.decoder, self.encoders = decoder, nn.ModuleDict({"image": image, "audio": audio})


class Learners(nn.Module):
    """The models, and what only training needs: heads that read phones off the decoder's hidden states."""

    def __init__(self, models: Models, phones: int):
        super().__init__()
        self.models, self.phones = models, nn.Linear(models.decoder.config.width, 2 * phones)


def build(config: dict, image_codes: int, audio_codes: int) -> Models:
    """`config`: the section "decoder" of the settings; its `pictures` are px a side."""
    side = config.get("pictures", SIDE)
    ports = PortConfig(text=text_bpe.SIZE, image=image_codes, audio=audio_codes, image_guide=tuple(config.get("guideScales", ())), image_clip=side // 8 - 1)
    decoder = Decoder(DecoderConfig.from_json(config["model"]), ports)
    width = decoder.config.width
    return Models(decoder, ImageEncoder(ImageEncoderConfig.of_side(side, width)), SoundEncoder(SoundEncoderConfig(out=width)))


def start(models: Models, run: Path) -> None:
    """The weights that earlier steps of the recipe left in the run folder."""
    if (run / "start.pt").exists():
        print("fresh:", ", ".join(load_grown(models.decoder, torch.load(run / "start.pt"))))
    if (run / "encoder.pt").exists():
        models.encoders["image"].load_state_dict(torch.load(run / "encoder.pt"))
    if (run / "sound-encoder.pt").exists():
        models.encoders["audio"].load_state_dict(torch.load(run / "sound-encoder.pt")["encoder"])


def export(run: Path, models: Models, tokenizer: nn.Module, codec: SoundCodec) -> None:
    decoder, encoders = models.decoder, models.encoders
    config = describe(decoder.config, decoder.port_config, tokenizer.config, codec.config, encoders, text_bpe.PATTERN)
    weights = {"decoder": decoder, "image-tokenizer": tokenizer, "image-encoder": encoders["image"],
               "audio-tokenizer": codec.first_codebook(), "audio-encoder": encoders["audio"]}
    write(run / "checkpoint", config, weights, (run / "text.tiktoken").read_text())


def main() -> None:
    arguments = trainer_options(__doc__)
    arguments.add_argument("--out", default="decoder", help="folder below RUN")
    options = arguments.parse_args()
    folder = options.run / options.out
    folder.mkdir(parents=True, exist_ok=True)
    workers = 1 if torch.cuda.is_available() else min(read(options.config)["decoder"]["train"]["workers"], len(os.sched_getaffinity(0)))
    spread(work, workers, folder / "meeting", options, folder)


def loss_of(task: str, examples: list[Example], learners: Learners, teacher: Models, train: dict, blank: float, noise: np.random.Generator, device: torch.device) -> tuple[torch.Tensor, dict[str, float]]:
    """-> the loss, and plain means by head for the log"""
    models = learners.models
    if task == "guide":
        return distil(models, teacher, examples, train["guide"], train["idNoise"], noise)
    batch = collate(examples, models.decoder.port_config, train["idNoise"], blank, noise).to(device)
    return losses(models.decoder, models.encoders, batch, learners.phones, lambda mel: another_throat(mel, noise))


def save(folder: Path, state: dict) -> None:
    """Never half a file."""
    torch.save(state, folder / "state.tmp")
    os.replace(folder / "state.tmp", folder / "state.pt")
    curves(folder / "log.jsonl", ["image.image", "speak.audio", "speak-blank.audio", "hear.text", "text.text", "mixed.text"], folder / "curves.png")


def work(together: Together, options: Namespace, folder: Path) -> None:
    """One process of the trainer."""
    config = read(options.config)["decoder"]
    train = config["train"]
    device = begin(train, options.threads)
    atlas, tokenizer = Atlas(options.run / "sprites"), load_tokenizer(options.run)
    world = World(atlas, IdTable(tokenizer, atlas), text_bpe.load(options.run / "text.tiktoken"), train["kinds"], train["promptDropout"], train["treated"])
    if (drawn := SIDE * atlas.scale) != config.get("pictures", SIDE):
        raise SystemExit(f"The settings are for pictures of {config.get('pictures', SIDE)} px, {options.run / 'sprites'} for {drawn}.")
    codec, hearing = load_codec(options.run), Hearing(Clips(options.run / "sound"), tuple(train["voices"]), train.get("english", 0.5), train.get("englishHeard", 0.5))
    models = build(config, tokenizer.config.codes, codec.config.codes)
    start(models, options.run)
    learners = Learners(models, hearing.clips.phone_count).to(device)
    likeness = likeness_of(models.decoder, tokenizer.codebook.weight)
    if not (options.run / "start.pt").exists():
        likeness.begin(FRESH)
    average, optimiser = Average(models, train["average"]), Optimiser(learners, train, likeness=likeness)
    if train["compile"]:  # after the average was copied: sampling stays eager
        for layer in models.decoder.layers:
            layer.compile(dynamic=True)
    step, spent, together.examples = 0, 0.0, dict.fromkeys(train["mix"], 0)
    if (folder / "state.pt").exists():
        state = torch.load(folder / "state.pt", weights_only=False, map_location="cpu")
        learners.load_state_dict(state["learners"]), average.model.load_state_dict(state["average"])
        optimiser.restore(state["optimiser"])
        step, spent, together.examples = state["step"], state["spent"], together.examples | state["counts"]
    tasks, seed = picture_tasks(world) | sound_tasks(world, hearing), train["seed"] * 1000 + step + 1_000_000 * together.rank
    feed, noise = Feed(tasks | guide_task(tasks, train["guide"]["tasks"] if "guide" in train else {}), Random(seed)), np.random.default_rng(seed)
    hearing_tasks = sound_tasks(world, hearing).keys()
    budget, log = 60 * (options.minutes or train["minutes"]), (folder / ("log.jsonl" if together.leads else f"log-{together.rank}.jsonl")).open("a")
    began = time.time()
    due = {"save": began + 180, "export": began + 60, "preview": began + 240}
    weights = [*learners.parameters(), *average.model.parameters()]
    while True:
        now = spent + time.time() - began
        for _ in range(together.missing(min(now, budget) - spent)):
            together.agree(weights)
        learning = rate(int(10000 * now / budget), 10000, 1.0) if step > 150 else (step + 1) / 150
        task = mixing(train["mix"], noise)
        blank = noise.uniform(0.3, 1.0) if task in DRAWING and noise.random() < train["blankBatches"] else 0.0
        examples = feed.next(task, train["soundBatch"] if task in hearing_tasks else train["batch"])
        with torch.autocast(device.type, torch.bfloat16, enabled=train["bf16"]):
            loss, heads = loss_of(task, examples, learners, average.model, train, blank, noise, device)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(learners.parameters(), 1.0)
        optimiser.step(learning)
        average.update(models, step)
        step += 1
        together.took(task, len(examples))
        record = {"step": step, "task": task, "loss": round(loss.item(), 4), "norm": round(norm.item(), 3), "minutes": round(now / 60, 2)}
        label = f"{task}-blank" if blank else task
        log.write(json.dumps(record | {f"{label}.{name}": round(value, 4) for name, value in heads.items()}) + "\n")
        ended = now >= budget
        if ended and together.count > 1:
            together.agree(weights)
        if not together.leads:
            if ended:
                break
            continue
        if step % 50 == 0 or ended:
            rates = {"samples/s": round(sum(together.examples.values()) / (now + 1e-9), 1), "mix": together.examples}
            log.write(json.dumps({"step": step, **rates}) + "\n")
            log.flush()
        if ended or time.time() > due["save"]:
            due["save"] = time.time() + 240
            save(folder, {"learners": learners.state_dict(), "average": average.model.state_dict(), "optimiser": optimiser.state(), "config": config,
                          "codes": (tokenizer.config.codes, codec.config.codes), "step": step, "spent": spent + time.time() - began, "counts": together.examples})
        if ended or time.time() > due["preview"]:
            due["preview"] = time.time() + 60 * train["previewMinutes"]
            preview(deepcopy(average.model.decoder).cpu(), tokenizer, world, folder / f"sample-{step:06d}.png")
        if options.out == "decoder" and (ended or time.time() > due["export"]):
            due["export"] = time.time() + 60 * train["exportMinutes"]
            export(options.run, average.model, tokenizer, load_codec(options.run))
        if ended:
            break


if __name__ == "__main__":
    main()
