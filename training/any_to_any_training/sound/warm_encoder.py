"""Warms the sound encoder up: its fine level learns to spell phones, its embeddings words (CTC, Graves et al. 2006).
Words alone teach the frame of a sentence ("a ... on a red background") long before a noun is heard; phones are few,
shared by all words, and dense. Where there is a decoder already (RUN/start.pt), the head is its table of text
embeddings, and what is heard moves towards the embedding of the word: the decoder then hears words it can read.

    python -m any_to_any_training.sound.warm_encoder --config configs/small.json --run run
Needs RUN/sound and RUN/text.tiktoken. Writes RUN/sound-encoder.pt, from which the decoder's trainer starts; the
linear head used here is kept in the same file for the judge of spoken answers."""
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data import text_bpe
from ..data.concepts import CONCEPTS
from ..schedule import rate
from ..settings import begin, read, trainer_options
from .clips import Clips
from .disturb import another_throat, disturb, hide
from .encoder import STRIDE, SoundEncoder, SoundEncoderConfig
from .phones import phones

NAMES = {concept.id: concept for concept in CONCEPTS}


def words_of(entry: dict) -> str:
    return entry["text"] if entry["kind"] == "speech" else f"the sound of {NAMES[entry['sound']].en}"


def phones_of(clips: Clips) -> dict[str, list[str]]:
    """By text."""
    out = {}
    for language in ("en", "ko"):
        texts = sorted({entry["text"] for entry in clips.select(kind="speech", split="train", language=language)})
        out |= dict(zip(texts, phones(texts, language)))
    return out


def stack(clips: list[np.ndarray], multiple: int = STRIDE) -> Tensor:
    """[B, N]: padded with silence to the longest, in whole embeddings."""
    longest = -(-max(map(len, clips)) // multiple) * multiple
    return torch.from_numpy(np.stack([np.pad(clip, (0, longest - len(clip))) for clip in clips]))


def word_head(run: Path, width: int) -> tuple[nn.Linear, Tensor | None]:
    """Embedding -> scores of text ids and the blank; with the decoder's table [ids, width] where there is one."""
    head = nn.Linear(width, text_bpe.SIZE + 1)
    if not (run / "start.pt").exists():
        return head, None
    table = torch.load(run / "start.pt")["ports.text.embedding"].float()
    with torch.no_grad():
        head.weight[:-1] = table * 0.1
        head.bias.zero_()
    return head, table


def load_speller(run: Path) -> tuple[SoundEncoder, nn.Linear]:
    """What this command wrote: the encoder and the head that spells with it."""
    state = torch.load(run / "sound-encoder.pt", map_location="cpu")
    classes, width = state["head"]["weight"].shape
    encoder, head = SoundEncoder(SoundEncoderConfig(out=width)), nn.Linear(width, classes)
    encoder.load_state_dict(state["encoder"]), head.load_state_dict(state["head"])
    return encoder.eval(), head


def nearness(seen: Tensor, logits: Tensor, table: Tensor) -> Tensor:
    """Mean squared distance from the embeddings [B, T, width] to those of the words they spell, by how sure that is."""
    sure, word = logits.detach().softmax(-1)[..., :-1].max(-1)
    return (sure * (seen - table[word]).square().mean(-1)).sum() / sure.sum().clamp(min=1)


def spelling(logits: Tensor, targets: list[list[int]]) -> Tensor:
    """CTC; the last class is the blank."""
    log_odds = logits.log_softmax(-1).transpose(0, 1)
    lengths = torch.full((len(targets),), log_odds.shape[0])
    return F.ctc_loss(log_odds, torch.tensor(sum(targets, [])), lengths, torch.tensor([len(t) for t in targets]), blank=logits.shape[-1] - 1, zero_infinity=True)


def spell(logits: Tensor) -> list[list[int]]:
    """Best path of CTC: repeats merged, blanks (the last class) dropped."""
    blank = logits.shape[-1] - 1
    out = []
    for row in logits.argmax(-1).tolist():
        out.append([now for before, now in zip([blank, *row], row) if now != before and now != blank])
    return out


def word_errors(heard: str, said: str) -> tuple[int, int]:
    """Levenshtein distance in words, number of words said."""
    a, b = heard.split(), said.split()
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1], len(b)


def main() -> None:
    options = trainer_options(__doc__).parse_args()
    settings = read(options.config)
    train, width = settings["listener"]["train"], settings["decoder"]["model"]["width"]
    begin(train, options.threads)
    budget = 60 * (options.minutes or train["minutes"])
    clips, encoding, random = Clips(options.run / "sound"), text_bpe.load(options.run / "text.tiktoken"), np.random.default_rng()
    encoder = SoundEncoder(SoundEncoderConfig(out=width))
    head, table = word_head(options.run, width)
    spoken = phones_of(clips)
    symbols = {symbol: index for index, symbol in enumerate(sorted({symbol for own in spoken.values() for symbol in own}))}
    phone_head = nn.Linear(encoder.config.fine, len(symbols) + 1)
    parameters = [*encoder.parameters(), *head.parameters(), *phone_head.parameters()]
    if (options.run / "sound-encoder.pt").exists():  # goes on
        state = torch.load(options.run / "sound-encoder.pt")
        encoder.load_state_dict(state["encoder"])
        if "head" in state:
            head.load_state_dict(state["head"])
    if table is not None:  # the words' rows stay those of the decoder, the blank's is learnt
        head.weight.register_hook(lambda gradient: torch.cat([torch.zeros_like(gradient[:-1]), gradient[-1:]]))
    optimiser = torch.optim.AdamW([{"params": list(encoder.parameters())}, {"params": [*head.parameters(), *phone_head.parameters()], "weight_decay": 0.0}],
                                  lr=2e-3, betas=(0.9, 0.98), weight_decay=0.02)
    speech, sounds = clips.select(kind="speech", split="train"), clips.select(kind="sound", split="train")
    names = [entry for entry in speech if len(encoding.encode(entry["text"])) <= 3]  # short ones teach the rare words
    began, step = time.time(), 0
    while (progress := (time.time() - began) / budget) < 1:
        for group in optimiser.param_groups:
            group["lr"] = rate(int(10000 * progress), 10000, 2e-3)
        pools = random.choice(3, size=96, p=[0.08, 0.42, 0.5])
        entries = [(own := (sounds, names, speech)[pool])[random.integers(len(own))] for pool in pools]
        entries = sorted(entries, key=lambda entry: entry["length"])[(at := 32 * int(random.integers(3))) : at + 32]
        samples = stack([disturb(clips.samples(entry), random) for entry in entries])
        targets = [encoding.encode(words_of(entry)) for entry in entries]
        fine = encoder.listen(samples, lambda mel: hide(another_throat(mel, random), random))
        phone_loss = spelling(phone_head(fine), [[symbols[symbol] for symbol in spoken.get(entry.get("text"), ())] for entry in entries])
        seen = encoder.embed(fine)
        logits = head(F.rms_norm(seen, seen.shape[-1:]))
        word_loss = spelling(logits, targets)
        loss = phone_loss + word_loss
        if table is not None:
            loss = loss + nearness(seen, logits, table)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        step += 1
        if step % 100 == 0:
            print(json.dumps({"step": step, "phones": round(phone_loss.item(), 3), "words": round(word_loss.item(), 3), "minutes": round((time.time() - began) / 60, 2), "scale": round(seen.float().std().item(), 2)} | ({} if table is None else {"near": round(nearness(seen, logits, table).item(), 3)})), flush=True)
        if step % 500 == 0:
            print(json.dumps(measure(encoder, head, clips, encoding)), flush=True)
    if table is None:
        scale = 1 / seen.detach().std()  # the decoder expects embeddings of about unit size
        for value in (encoder.projector[1].weight, encoder.projector[1].bias):
            value.data.mul_(scale)
    torch.save({"encoder": encoder.state_dict(), "head": head.state_dict()}, options.run / "sound-encoder.pt")
    print(json.dumps(measure(encoder, head, clips, encoding)), flush=True)


@torch.no_grad()
def measure(encoder: SoundEncoder, head: nn.Linear, clips: Clips, encoding, count: int = 80) -> dict[str, float]:
    """Word error rates on held-out sentences of known voices, and of voices never heard."""
    out = {}
    for split in ("unseen", "voice"):
        for language in ("en", "ko"):
            entries = clips.select(kind="speech", split=split, language=language)[-count:]
            logits = [head(F.rms_norm(x := encoder(stack([clips.samples(e)])), x.shape[-1:])) for e in entries]
            pairs = [word_errors(encoding.decode(spell(row)[0]), e["text"]) for row, e in zip(logits, entries)]
            out[f"{split}.{language}"] = round(sum(p[0] for p in pairs) / sum(p[1] for p in pairs), 3)
    return out


if __name__ == "__main__":
    main()
