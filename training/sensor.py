"""Trains the model of examples/sensor-plugin.ts: what an accelerometer measures -> what happens, in words. 80 seconds
of one core. From the root of the repository, after `npm run build`:

    node examples/dist/write-gestures.js training/run/sensor        # streams and their words, seeds 0..23999
    cd training && python sensor.py                                 # run/sensor/checkpoint/
    cd .. && npm run any-to-any -- compile training/run/sensor/checkpoint examples/sensor-model --quantize int8 --tables f16

The decoder is the shared one; what is new is the port: an encoder of one linear layer over normalised patches, the same
arithmetic as packages/tokenizer-audio/src/series. Sequences are  <s> <mot> patches </mot> <txt> words </txt> </s>.
Motion is only read: its table and head stay as they were drawn, so the model can be asked for motion and makes noise."""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import tiktoken
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from any_to_any_training.data import text_bpe
from any_to_any_training.decoder.config import DecoderConfig, PortConfig
from any_to_any_training.decoder.layout import line_bucket
from any_to_any_training.decoder.model import Buckets, Decoder, Port
from any_to_any_training.schedule import rate

MARKS = ["<pad>", "<s>", "</s>", "<txt>", "</txt>", "<mot>", "</mot>"]
CAPACITY, VOCABULARY, LEVELS = 8, 384, 127  # ids of marks, of text, of motion
CHANNELS, STRIDE, EPSILON = 3, 4, 1e-6
TEXT_BUCKETS, TEXT_DISTANCE, FARTHEST = 32, 128, 32  # T5 for text; one bucket per distance up to FARTHEST for motion
MODEL = DecoderConfig(width=64, layers=2, heads=2, kv_heads=2, head_width=32, feed_forward=160, context=256,
                      type_embedding=False)
PAD, BEGIN, END, TEXT, TEXT_END, MOTION, MOTION_END = range(7)


class SensorDecoder(Decoder):
    """The shared decoder with the ports of this model."""

    def __init__(self, config: DecoderConfig):
        super().__init__(config, PortConfig())
        sizes = {"marks": (CAPACITY, CAPACITY), "text": (VOCABULARY, VOCABULARY + 1), "motion": (LEVELS, LEVELS + 1)}
        self.ports = nn.ModuleDict({name: Port(*size, config.width) for name, size in sizes.items()})
        self.buckets = Buckets(1 + TEXT_BUCKETS + FARTHEST + 1, config.heads)
        self.ports.apply(self.initialise)


class SeriesEncoder(nn.Module):
    """[.., STRIDE * CHANNELS + 1] -> [.., width]: gain, then one linear layer. The last feature has no gain."""

    def __init__(self, width: int):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(STRIDE * CHANNELS))
        self.projection = nn.Linear(STRIDE * CHANNELS + 1, width)

    def forward(self, patches: Tensor) -> Tensor:
        return self.projection(torch.cat((patches[..., :-1] * self.gain, patches[..., -1:]), -1))

    def file(self) -> bytes:
        """float32, little endian: gain, projection [features, width], bias."""
        parts = (self.gain, self.projection.weight.T, self.projection.bias)
        return b"".join(np.ascontiguousarray(part.detach().numpy(), "<f4").tobytes() for part in parts)


def patches(data: np.ndarray) -> np.ndarray:
    """[steps, CHANNELS] -> [patches, STRIDE * CHANNELS + 1]: x / rms, ln rms; the last step fills the last patch."""
    data = np.concatenate([data, np.repeat(data[-1:], -len(data) % STRIDE, 0)])
    rows = data.reshape(-1, STRIDE * CHANNELS).astype(np.float64)
    loudness = np.sqrt((rows**2).mean(1, keepdims=True) + EPSILON)
    return np.concatenate([rows / loudness, np.log(loudness)], 1).astype(np.float32)


def read(folder: Path) -> tuple[list[np.ndarray], list[str]]:
    """All streams as patches, and their words."""
    values, at, streams = np.fromfile(folder / "motion.bin", "<f4").reshape(-1, CHANNELS), 0, []
    described = json.loads((folder / "motion.json").read_text())
    for steps, _ in described:
        streams.append(patches(values[at : at + steps]))
        at += steps
    return streams, [text for _, text in described]


class Batch:
    """Rows of different lengths: what is over at the end of a row is padding, which nothing before it can see."""

    def __init__(self, streams: list[np.ndarray], texts: list[list[int]]):
        size = max(len(s) + len(t) for s, t in zip(streams, texts)) + 6
        self.patches = torch.zeros(len(streams), size, STRIDE * CHANNELS + 1)
        self.ids = torch.full((len(streams), size), PAD)
        self.segment, self.index = torch.zeros(len(streams), size, dtype=torch.long), torch.zeros(len(streams), size, dtype=torch.long)
        self.asked = {"text": [], "marks": []}  # (row, position, class)
        for row, (stream, text) in enumerate(zip(streams, texts)):
            start, stop = 2, 2 + len(stream)
            self.patches[row, start:stop] = torch.from_numpy(stream)
            self.ids[row, [0, 1, stop, stop + 1]] = torch.tensor([BEGIN, MOTION, MOTION_END, TEXT])
            begin, end = stop + 2, stop + 2 + len(text)
            self.ids[row, begin:end] = torch.tensor(text) + CAPACITY
            self.ids[row, [end, end + 1]] = torch.tensor([TEXT_END, END])
            for number, (first, last) in enumerate([(start, stop), (begin, end)], 1):
                self.segment[row, first:last] = number
                self.index[row, first:last] = torch.arange(last - first)
            self.asked["text"] += [(row, begin - 1 + i, id) for i, id in enumerate([*text, VOCABULARY])]
            self.asked["marks"] += [(row, stop, TEXT), (row, end, END)]

    def buckets(self) -> Tensor:
        """[B, S, S]: 0 between segments, then those of text, then those of motion."""
        distance = (self.index[:, :, None] - self.index[:, None, :]).clamp(min=0)
        table = torch.tensor([line_bucket(d, TEXT_BUCKETS, TEXT_DISTANCE) for d in range(self.ids.shape[1])])
        query, key = self.segment[:, :, None], self.segment[:, None, :]
        bucket = torch.where(query == 1, 1 + TEXT_BUCKETS + distance.clamp(max=FARTHEST), 1 + table[distance])
        return torch.where((query == key) & (query > 0), bucket, 0)


def embed(decoder: SensorDecoder, encoder: SeriesEncoder, batch: Batch) -> Tensor:
    table = torch.cat([decoder.ports[name].embedding for name in ("marks", "text")])
    return torch.where(batch.segment[..., None] == 1, encoder(batch.patches), F.embedding(batch.ids, table))


def loss(decoder: SensorDecoder, encoder: SeriesEncoder, batch: Batch) -> tuple[Tensor, float]:
    """-> the mean over all asked positions, and the share of texts that are right in every id."""
    x = embed(decoder, encoder, batch)
    hidden, _ = decoder(x, torch.zeros_like(batch.ids), torch.arange(x.shape[1]), batch.buckets())
    total, count, right = torch.zeros(()), 0, torch.ones(len(batch.ids), dtype=torch.bool)
    for name, asked in batch.asked.items():
        rows, positions, classes = torch.tensor(asked).T
        logits = decoder.ports[name].head(hidden[rows, positions])
        total, count = total + F.cross_entropy(logits, classes, reduction="sum"), count + len(classes)
        right[rows[logits.argmax(-1) != classes]] = False
    return total / count, right.float().mean().item()


def config(decoder: DecoderConfig) -> dict:
    plugin = "motion-for-any-to-any"
    weights = "motion-encoder.bin"
    text = {"name": "text", "open": "<txt>", "close": "</txt>", "offset": CAPACITY, "size": VOCABULARY,
            "layout": {"kind": "line", "buckets": TEXT_BUCKETS, "maxDistance": TEXT_DISTANCE},
            "tokenizer": {"kind": "tiktoken", "file": "text.tiktoken", "pattern": text_bpe.PATTERN}}
    motion = {"name": "motion", "open": "<mot>", "close": "</mot>", "offset": CAPACITY + VOCABULARY, "size": LEVELS,
              "layout": {"kind": "plugin", "buckets": FARTHEST + 1},
              "tokenizer": {"kind": "plugin", "plugin": plugin, "options": {}, "files": []},
              "encoder": {"kind": "plugin", "plugin": plugin, "options": {"width": decoder.width, "weights": weights}, "files": [weights]}}
    bundle = {"name": "sensor-example", "version": "0.1.0", "license": "Apache-2.0", "sampling": {"text": {"temperature": 0, "maxIds": 48}}}
    return {"family": "any-to-any", "format": 1, "decoder": decoder.to_json(), "marks": MARKS, "markCapacity": CAPACITY,
            "modalities": [text, motion], "bundle": bundle}


def write(folder: Path, decoder: SensorDecoder, encoder: SeriesEncoder, vocabulary: list[bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(decoder.config), indent=2) + "\n")
    (folder / "text.tiktoken").write_text(text_bpe.to_ranks(vocabulary))
    (folder / "motion-encoder.bin").write_bytes(encoder.file())
    tensors = {name: value.detach().contiguous().clone() for name, value in decoder.state_dict().items()}
    save_file(tensors, folder / "decoder.safetensors")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--run", type=Path, default=Path("run/sensor"))
    arguments.add_argument("--steps", type=int, default=1200)
    arguments.add_argument("--batch", type=int, default=32)
    options = arguments.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(1)
    random = np.random.default_rng(1)
    streams, words = read(options.run)
    vocabulary = text_bpe.train(sorted(set(words)), VOCABULARY)
    ranks = {token: rank for rank, token in enumerate(vocabulary)}
    encoding = tiktoken.Encoding(name="sensor", pat_str=text_bpe.PATTERN, mergeable_ranks=ranks, special_tokens={})
    texts = [encoding.encode(text) for text in words]

    decoder, encoder = SensorDecoder(MODEL), SeriesEncoder(MODEL.width)
    matrices = [p for n, p in decoder.named_parameters() if n.startswith("layers.") and p.ndim == 2]
    others = [p for n, p in [*decoder.named_parameters(), *encoder.named_parameters()] if not (n.startswith("layers.") and p.ndim == 2)]
    parts = [(torch.optim.Muon(matrices, lr=0.02, weight_decay=0.0, momentum=0.95, adjust_lr_fn="original"), 0.02),
             (torch.optim.AdamW(others, lr=0.005, weight_decay=0.0, betas=(0.9, 0.98)), 0.005)]
    began, mean = time.time(), 0.0
    for step in range(options.steps):
        # Of a few candidates, those of like length make a batch: little padding.
        pool = random.choice(len(streams), 8 * options.batch, replace=False)
        pool = pool[np.argsort([len(streams[i]) for i in pool], kind="stable")]
        first = random.integers(8) * options.batch
        chosen = pool[first : first + options.batch]
        value, right = loss(decoder, encoder, Batch([streams[i] for i in chosen], [texts[i] for i in chosen]))
        value.backward()
        for part, peak in parts:
            for group in part.param_groups:
                group["lr"] = rate(step, options.steps, peak)
            part.step()
            part.zero_grad(set_to_none=True)
        mean += 0.03 * (right - mean)
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}  loss {value.item():.4f}  whole texts right {mean:.3f}  {time.time() - began:.0f} s", flush=True)
    write(options.run / "checkpoint", decoder, encoder, vocabulary)


if __name__ == "__main__":
    main()
