"""Trains the sound codec; resumable.

    python -m any_to_any_training.sound.train --config configs/small.json --run run
Needs RUN/sound; writes RUN/codec/{state.pt, log.jsonl, sample.wav}."""
import json
import os
import time
import wave
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ..average import Average
from ..schedule import rate
from ..settings import begin, read, trainer_options
from .clips import Clips
from .codec import CodecConfig, SoundCodec
from .loss import SpectralLoss
from .quantise import CodebookTrainer
from .voices import RATE, STRIDE


class Batches:
    """Random cuts of the training clips, slightly louder or softer; sounds come more often than their number."""

    def __init__(self, clips: Clips, seconds: float, seed: int):
        self.clips, self.length = clips, int(seconds * RATE) // STRIDE * STRIDE
        self.random = np.random.default_rng(seed)
        self.speech, self.sounds = clips.select(kind="speech", split="train"), clips.select(kind="sound", split="train")

    def next(self, size: int) -> torch.Tensor:
        rows = np.zeros((size, self.length), np.float32)
        for row in rows:
            pool = self.sounds if self.random.random() < 0.1 else self.speech
            samples = self.clips.samples(pool[self.random.integers(len(pool))])
            start = self.random.integers(max(1, len(samples) - self.length + 1))
            cut = samples[start : start + self.length]
            at = self.random.integers(self.length - len(cut) + 1)
            row[at : at + len(cut)] = cut * np.exp(self.random.normal() * 0.15)
        return torch.from_numpy(rows)


def save_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1), file.setsampwidth(2), file.setframerate(RATE)
        file.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())


def load_codec(run: Path) -> SoundCodec:
    state = torch.load(run / "codec/state.pt", weights_only=False)
    codec = SoundCodec(CodecConfig(**state["config"]))
    codec.load_state_dict(state["average"])
    return codec.eval()


def main() -> None:
    options = trainer_options(__doc__).parse_args()
    config = read(options.config)["codec"]
    train = config["train"]
    begin(train, options.threads)
    folder = options.run / "codec"
    folder.mkdir(parents=True, exist_ok=True)
    clips = Clips(options.run / "sound")
    codec, spectral = SoundCodec(CodecConfig(**config["model"])), SpectralLoss()
    trainers = [CodebookTrainer(codebook) for codebook in codec.codebooks]
    average = Average(codec, train["average"])
    decayed = [p for p in codec.parameters() if p.dim() > 1]
    plain = [p for p in codec.parameters() if p.dim() <= 1]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": train["decay"]}, {"params": plain, "weight_decay": 0.0}], lr=train["rate"], betas=(0.8, 0.98))
    step, spent = 0, 0.0
    if (folder / "state.pt").exists():
        state = torch.load(folder / "state.pt", weights_only=False)
        codec.load_state_dict(state["codec"]), average.model.load_state_dict(state["average"]), optimiser.load_state_dict(state["optimiser"])
        for trainer, own in zip(trainers, state["trainers"]):
            trainer.restore(own)
        step, spent = state["step"], state["spent"]
    batches, random = Batches(clips, train["seconds"], train["seed"] + step), np.random.default_rng(train["seed"] + step)
    budget, log, began, saved = 60 * (options.minutes or train["minutes"]), (folder / "log.jsonl").open("a"), time.time(), time.time()
    while True:
        now = spent + time.time() - began
        for group in optimiser.param_groups:
            group["lr"] = train["rate"] * (rate(int(10000 * now / budget), 10000, 1.0) if step > 100 else (step + 1) / 100)
        samples = batches.next(train["batch"])
        with torch.autocast("cpu", torch.bfloat16, enabled=train["bf16"]):
            latents = codec.encoder(samples)
        latents = latents.float()
        if step == train["kmeansAt"]:
            start_codebooks(codec, trainers, batches)
        quantised = step >= train["kmeansAt"]
        count, restarted, commitment, vectors = 0, 0, torch.zeros(()), latents
        if quantised:
            count = int(random.choice(len(train["codebookShares"]), p=train["codebookShares"])) + 1
            rest = latents.detach()
            for trainer in trainers[:count]:
                ids = trainer.codebook.nearest(rest)
                chosen = trainer.codebook.weight[ids]
                restarted += trainer.update(rest.flatten(0, 1), ids.flatten())
                rest = rest - chosen
            vectors = latents + (-rest)  # straight through: latents minus what no codebook caught
            commitment = ((latents - (latents.detach() - rest)) ** 2).mean()
        with torch.autocast("cpu", torch.bfloat16, enabled=train["bf16"]):
            heard = codec.decoder(vectors)
        loss, distance = spectral(heard.float(), samples)
        (loss + train["commitment"] * commitment).backward()
        norm = nn.utils.clip_grad_norm_(codec.parameters(), 2.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        average.update(codec, step)
        step += 1
        if step % 20 == 0:
            log.write(json.dumps({"step": step, "minutes": round(now / 60, 2), "loss": round(loss.item(), 4), "mel": round(distance, 4), "codebooks": count,
                                  "commitment": round(commitment.item(), 5), "restarted": restarted, "norm": round(norm.item(), 3)}) + "\n")
            log.flush()
        ended = now >= budget
        if ended or time.time() > saved + 120:
            saved = time.time()
            average.model.load_state_dict({k: v for k, v in codec.state_dict().items() if k.startswith("codebooks")}, strict=False)
            state = {"codec": codec.state_dict(), "average": average.model.state_dict(), "optimiser": optimiser.state_dict(), "trainers": [t.state() for t in trainers],
                     "config": config["model"], "step": step, "spent": spent + time.time() - began}
            torch.save(state, folder / "state.tmp")
            os.replace(folder / "state.tmp", folder / "state.pt")
            preview(average.model, clips, folder / "sample.wav")
        if ended:
            break


@torch.no_grad()
def start_codebooks(codec: SoundCodec, trainers: list[CodebookTrainer], batches: Batches) -> None:
    rest = torch.cat([codec.encoder(batches.next(32)).flatten(0, 1) for _ in range(16)])
    for trainer in trainers:
        trainer.start(rest)
        rest = rest - trainer.codebook.weight[trainer.codebook.nearest(rest)]


@torch.no_grad()
def preview(codec: SoundCodec, clips: Clips, path: Path) -> None:
    """Held-out sentences: the original, then 1, 2 and 4 codebooks."""
    parts = []
    for entry in clips.select(kind="speech", split="unseen")[:3]:
        samples = torch.from_numpy(clips.samples(entry))[None]
        parts.append(samples[0].numpy())
        for count in (1, 2, 4):
            if count <= codec.config.codebooks:
                parts.append(codec.decode(codec.encode(samples, count))[0].numpy())
    save_wav(path, np.concatenate(parts))


if __name__ == "__main__":
    main()
