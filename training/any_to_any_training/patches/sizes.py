"""Pixels and ids of the patch stage."""

SIDE, HALO, CELL, FACTOR = 16, 4, 4, 8  # px: patch, neighbours' border, cell of the trunk, tokenizer's px per id
WINDOW = SIDE + 2 * HALO
IDS = SIDE // FACTOR + 4  # a side: the patch's ids and two around them
