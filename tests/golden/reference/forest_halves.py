# SPDX-License-Identifier: Apache-2.0
"""What a causal forest draws, written down again from its description (src/learn/choice_causal_forest.h).

    python3 forest_halves.py IDS.txt SEED TREES NODES COLUMNS > numbers.csv

IDS.txt holds one person's number per line. A line for every person: by tree, a number below one half for the half that
splits are found in. Then a line for every tree and node: all columns (from 0 on) in the order in which they are drawn.
"""
import struct
import sys

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15


def mix_next(x):
    x = (x + STEP) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def main():
    path, seed, trees, nodes, columns = sys.argv[1], *map(int, sys.argv[2:6])
    with open(path) as file:
        for line in file:
            bits = struct.unpack("<Q", struct.pack("<d", float(line)))[0]
            key = mix_next(mix_next(seed) ^ bits)
            drawn = (mix_next(key ^ mix_next((mix_next(seed) + t) & MASK)) >> 11 for t in range(trees))
            print(",".join(repr(bits * 2.0**-53) for bits in drawn))
    for tree in range(trees):
        for node in range(nodes):
            key = mix_next(mix_next(seed ^ mix_next(tree)) ^ node)
            print(",".join(map(str, sorted(range(columns), key=lambda c: mix_next(key ^ mix_next(c))))))


main()
