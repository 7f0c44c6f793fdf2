# SPDX-License-Identifier: Apache-2.0
"""The keyed uniform numbers of src/stats/keyed_random.h, written down again from its description.

    python3 keyed_random.py ROWS.csv KINDS SEED IMPUTATIONS VISITS COORDINATOR > numbers.csv

ROWS.csv holds one row's values per line, "NA" missing; KINDS says n (number) or f (factor) per column. One line per
row of the file: the numbers of imputation 0, visit 0, 1, ...; then imputation 1 and so on. A last line has the
COORDINATOR first numbers of the coordinator.
"""
import csv
import hashlib
import struct
import sys

MASK = (1 << 64) - 1


def mix(x):
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


class Keyed:
    def __init__(self, seed, content):
        digest = hashlib.blake2b(struct.pack("<q", seed) + content, digest_size=32).digest()
        self.first, self.second = struct.unpack("<QQ", digest[:16])

    def uniform(self, counter):
        bits = mix(mix((self.first + counter * 0x9E3779B97F4A7C15) & MASK) ^ self.second)
        return ((bits >> 11) + 0.5) * 2.0**-53


def content(values, kinds):
    key = b""
    for value, kind in zip(values, kinds):
        if kind == "n":
            key += b"\xff" * 8 if value == "NA" else struct.pack("<d", float(value) + 0.0)
        elif value != "NA":
            key += value.encode()
        key += b"\x1f"
    return key


def main():
    path, kinds, seed, imputations, visits, coordinator = sys.argv[1:7]
    seed, imputations, visits = int(seed), int(imputations), int(visits)
    with open(path, newline="") as file:
        for values in csv.reader(file):
            keyed = Keyed(seed, content(values, kinds))
            print(",".join(repr(keyed.uniform(m << 32 | visit)) for m in range(imputations) for visit in range(visits)))
    keyed = Keyed(seed, b"coefficients")
    print(",".join(repr(keyed.uniform(counter)) for counter in range(int(coordinator))))


main()
