# SPDX-License-Identifier: Apache-2.0
"""A random forest on pooled rows, in exact fractions: what src/learn/random_forest.h describes, written down again.

    python3 forest_twin.py PROBLEM.json > answer.csv

R's forests draw their own random numbers; here they are the program's keyed ones (src/core/mix.h, training_rows.h). A
column of numbers is cut between every two of its values, as the program does where it has no more of them than bins.
PROBLEM.json: "outcome", "columns" [{"name", "values", "levels" (null: numbers)}], "weights", and the options
"trees", "depth", "columns_per_node", "min_rows", "seed". Lines: importance,NAME,GAIN,COVER,FREQUENCY and
metrics,PLACE,NAME,VALUE.
"""
import bisect
import itertools
import json
import math
import struct
import sys
from collections import Counter
from fractions import Fraction

MASK = (1 << 64) - 1
MOST_ONE_AGAINST_OTHERS = 4  # a factor of fewer levels is divided one level against the others
LEAST_GAIN = Fraction(1, 10**9)  # of what a row adds to the sum of squares about the mean


def mix(x):
    x = (x + 0x9E3779B97F4A7C15) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def mix_number(key, value):
    return mix(key ^ struct.unpack("<Q", struct.pack("<d", value + 0.0))[0])


def mix_text(key, text):
    data = text.encode()
    key = mix(key ^ len(data))
    for byte in data:
        key = mix(key ^ byte)
    return key


def uniform(a, b):
    return (mix(a ^ mix(b & MASK)) >> 11) * 2.0**-53


POISSON = list(itertools.accumulate(math.exp(-1) / math.factorial(k) for k in range(13)))


class Forest:
    def __init__(self, problem):
        self.y = problem["outcome"]
        self.columns = problem["columns"]
        self.w = [Fraction(w) for w in problem["weights"]]
        self.trees = problem["trees"]
        self.depth = problem["depth"]
        self.per_node = problem["columns_per_node"]
        self.min_rows = problem["min_rows"]
        self.seed = problem["seed"]
        self.binary = all(y in (0, 1) for y in self.y)
        self.base = float(sum(w * Fraction(y) for w, y in zip(self.w, self.y)) / sum(self.w))
        slope = [w * (Fraction(self.base) - Fraction(y)) for w, y in zip(self.w, self.y)]
        # Doubles are whole numbers of a power of two: sums of whole numbers are quick and as exact.
        self.unit_of_slope = max(value.denominator for value in slope)
        self.unit_of_weight = max(value.denominator for value in self.w)
        self.slope = [int(value * self.unit_of_slope) for value in slope]
        self.weight = [int(value * self.unit_of_weight) for value in self.w]
        mean = sum(w * Fraction(y) for w, y in zip(self.w, self.y)) / sum(self.w)
        self.least = LEAST_GAIN * sum(w * (Fraction(y) - mean) ** 2 for w, y in zip(self.w, self.y)) / len(self.y)
        self.keys = [self.row_key(r) for r in range(len(self.y))]
        self.gains = [[Fraction(0), Fraction(0), 0] for _ in self.columns]
        self.grown = [self.grow(t) for t in range(self.trees)]

    def row_key(self, r):
        seed = mix(self.seed)
        key = seed
        for column in self.columns:
            value = column["values"][r]
            key = mix(key ^ mix_text(seed, value)) if column["levels"] else mix_number(key, value)
        return mix_number(key, self.y[r])

    def draws(self, tree, r):
        return bisect.bisect_right(POISSON, uniform(self.keys[r], mix(self.seed) + tree))

    def drawn_columns(self, tree, node):
        key = mix(mix(self.seed ^ mix(tree)) ^ node)
        order = sorted(range(len(self.columns)), key=lambda c: mix(key ^ mix(c)))
        return sorted(order[: self.per_node])

    def sums(self, rows):
        """Of the slopes and weights, and how many different rows there are: those drawn again are not counted again."""
        return sum(self.slope[r] for r in rows), sum(self.weight[r] for r in rows), len(set(rows))

    def divisions(self, column, rows):
        """(which rows go left, their sums) of every division of the rows by a column."""
        values = column["values"]
        of_value = {}
        for r, times in Counter(rows).items():
            slope, curvature, count = of_value.get(values[r], (0, 0, 0))
            of_value[values[r]] = (slope + times * self.slope[r], curvature + times * self.weight[r], count + 1)
        present = sorted(of_value, key=column["levels"].index if column["levels"] else None)
        if column["levels"] and len(present) < MOST_ONE_AGAINST_OTHERS:
            for level in present:
                yield (lambda r, level=level: values[r] == level), of_value[level]
            return
        if column["levels"]:
            present.sort(key=lambda level: -self.ratio(*of_value[level][:2]))
        left = (0, 0, 0)
        for i, value in enumerate(present[:-1]):
            left = tuple(a + b for a, b in zip(left, of_value[value]))
            if column["levels"]:
                yield (lambda r, among=frozenset(present[: i + 1]): values[r] in among), left
            else:
                yield (lambda r, cut=value: values[r] <= cut), left

    def ratio(self, slope, curvature):
        return Fraction(slope * self.unit_of_weight, curvature * self.unit_of_slope) if curvature else Fraction(0)

    def gain(self, slope, curvature):
        """slope^2 / curvature."""
        return Fraction(slope * slope * self.unit_of_weight, curvature * self.unit_of_slope**2)

    def best(self, tree, node, rows):
        slope, curvature, count = self.sums(rows)
        found = None
        if count < 2 * self.min_rows or curvature == 0:
            return None
        for c in self.drawn_columns(tree, node):
            for goes_left, (a, b, n) in self.divisions(self.columns[c], rows):
                if n < self.min_rows or count - n < self.min_rows or b == 0 or curvature == b:
                    continue
                gain = self.gain(a, b) + self.gain(slope - a, curvature - b) - self.gain(slope, curvature)
                if gain > self.least and (found is None or gain > found[0]):
                    found = (gain, c, goes_left)
        return found

    def grow(self, tree):
        """Nodes in the order in which they are made: a leaf's value, or (division, left child)."""
        sample = [r for r in range(len(self.y)) for _ in range(self.draws(tree, r))]
        nodes = [self.leaf(sample)]
        level = [(0, sample)]
        for _ in range(self.depth):
            following = []
            for node, rows in level:
                split = self.best(tree, node, rows)
                if split is None:
                    continue
                gain, c, goes_left = split
                self.gains[c][0] += gain
                self.gains[c][1] += sum(self.w[r] for r in rows)
                self.gains[c][2] += 1
                sides = [[r for r in rows if goes_left(r)], [r for r in rows if not goes_left(r)]]
                nodes[node] = (goes_left, len(nodes))
                for side in sides:
                    following.append((len(nodes), side))
                    nodes.append(self.leaf(side))
            level = following
        return nodes

    def leaf(self, rows):
        slope, curvature, _ = self.sums(rows)
        return -self.ratio(slope, curvature) / self.trees

    def value(self, tree, r):
        node = self.grown[tree][0]
        while isinstance(node, tuple):
            goes_left, first = node
            node = self.grown[tree][first + (0 if goes_left(r) else 1)]
        return node

    def scores(self, out_of_bag):
        for r in range(len(self.y)):
            trees = [t for t in range(self.trees) if not out_of_bag or self.draws(t, r) == 0]
            if trees:
                total = sum(self.value(t, r) for t in trees)
                yield r, float(Fraction(self.base) + total * self.trees / len(trees))

    def report(self):
        whole = [sum(of[i] for of in self.gains) for i in range(3)]
        order = sorted(range(len(self.columns)), key=lambda c: -self.gains[c][0])
        for c in order:
            shares = [float(Fraction(self.gains[c][i]) / whole[i]) for i in range(3)]
            print(",".join(["importance", self.columns[c]["name"]] + [repr(share) for share in shares]))
        for place, out_of_bag in (("train", False), ("out_of_bag", True)):
            for name, value in self.metrics(list(self.scores(out_of_bag))):
                print(",".join(["metrics", place, name, repr(value)]))

    def metrics(self, scored):
        weight = sum(self.w[r] for r, _ in scored)

        def mean(of):
            return sum(self.w[r] * Fraction(of(r, s)) for r, s in scored) / weight

        yield "n", len(scored)
        if self.binary:
            cases = [s for r, s in scored if self.y[r] == 1]
            controls = [s for r, s in scored if self.y[r] == 0]
            pairs = sum((a > b) + 0.5 * (a == b) for a in cases for b in controls)
            yield "events", len(cases)
            yield "auc", pairs / len(cases) / len(controls)
        squared = mean(lambda r, s: (self.y[r] - s) ** 2)
        variance = mean(lambda r, s: Fraction(self.y[r]) ** 2) - mean(lambda r, s: self.y[r]) ** 2
        yield "rmse", math.sqrt(squared)
        yield "mae", float(mean(lambda r, s: abs(self.y[r] - s)))
        yield "r_squared", float(1 - squared / variance)


with open(sys.argv[1]) as file:
    Forest(json.load(file)).report()
