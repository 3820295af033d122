"""Byte-level BPE as tiktoken ranks: trained on captions, questions and edits of both languages.

    python -m any_to_any_training.data.text_bpe --run run
Ranks 0..255 are the single bytes; later ranks are merges in the order they were learnt."""
import base64
import re
from pathlib import Path
from random import Random

import tiktoken

from .. import settings
from .captions import LANGUAGES, QUESTIONS, canonical, edit, prompt
from .scene import random_scene

# A word with its leading space, a run of digits, punctuation, or white space. Reads the same in Python and Rust.
PATTERN = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"
SIZE = 2048
KINDS = {"single": 0.6, "pair": 0.25, "count": 0.15}


def corpus(count: int, seed: int) -> list[str]:
    random = Random(seed)
    lines = [question for language in LANGUAGES for question in QUESTIONS[language] for _ in range(count // 50)]
    for _ in range(count):
        scene = random_scene(random, KINDS)
        for language in LANGUAGES:
            lines += [prompt(scene, language, random), canonical(scene, language)]
            if random.random() < 0.1:
                lines.append(edit(scene, random.choice(["colour", "style"]), language, random))
    return lines


def train(lines: list[str], size: int) -> list[bytes]:
    """Plain BPE over the pattern's pieces; ties go to the pair seen first, so it is deterministic."""
    piece = re.compile(r" ?[^\W\d_]+| ?\d+| ?[^\s\w]+|\s+")  # PATTERN for the re module; the corpus has no "_"
    counts: dict[bytes, int] = {}
    for line in lines:
        for match in piece.findall(line):
            counts[match.encode()] = counts.get(match.encode(), 0) + 1
    words = [([bytes([b]) for b in word], n) for word, n in sorted(counts.items())]
    vocabulary = [bytes([b]) for b in range(256)]
    known = set(vocabulary)
    while len(vocabulary) < size:
        pairs: dict[tuple[bytes, bytes], int] = {}
        for parts, n in words:
            for pair in zip(parts, parts[1:]):
                pairs[pair] = pairs.get(pair, 0) + n
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merged = best[0] + best[1]
        if merged not in known:
            vocabulary.append(merged)
            known.add(merged)
        for parts, _ in words:
            at = 0
            while at < len(parts) - 1:
                if (parts[at], parts[at + 1]) == best:
                    parts[at : at + 2] = [merged]
                at += 1
    spare = (bytes([0xF8, i // 256, i % 256]) for i in range(size))  # never valid UTF-8: fills the table
    return vocabulary + [next(spare) for _ in range(size - len(vocabulary))]


def to_ranks(vocabulary: list[bytes]) -> str:
    return "".join(f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(vocabulary))


def load(path: Path) -> tiktoken.Encoding:
    ranks = {base64.b64decode(t): int(r) for t, r in (line.split() for line in path.read_text().splitlines())}
    return tiktoken.Encoding(name="captions", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})


def main() -> None:
    options = settings.options(__doc__).parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    vocabulary = train(corpus(40_000, seed=3), SIZE)
    (options.run / "text.tiktoken").write_text(to_ranks(vocabulary))
    print(f"{len(vocabulary)} ranks, {sum(t[0] == 0xF8 and len(t) == 3 for t in vocabulary[256:])} of them spare")


if __name__ == "__main__":
    main()
