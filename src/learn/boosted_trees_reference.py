#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes boosted_trees_reference.tsv: boosting written down plainly in doubles, and xgboost's answer beside it.

    apt-get install python3-xgboost
    /usr/bin/python3 src/learn/boosted_trees_reference.py > src/learn/boosted_trees_reference.tsv

The columns have few distinct values, so that every division of the rows is tried by all three programs: the plain one
here tries each pair of neighbouring values, xgboost is run with tree_method "exact". The script fails when the two
differ by more than xgboost's float precision lets them. Made with xgboost 1.7.4.
"""
import math
import random
import sys

import numpy
import xgboost


def gradients(objective, score, y):
    if objective == "logistic":
        p = 1 / (1 + math.exp(-score))
        return p - y, p * (1 - p)
    if objective == "poisson":
        mean = math.exp(score)
        return mean - y, mean * math.exp(0.7)
    return score - y, 1.0


def leaf(g, h, rules):
    if h <= 0:
        return 0.0
    value = -shrink(g, rules["alpha"]) / (h + rules["lambda"])
    bound = rules["max_delta_step"]
    return max(-bound, min(bound, value)) if bound else value


def shrink(g, alpha):
    return math.copysign(max(abs(g) - alpha, 0), g)


def gain_of(g, h, rules):
    if h <= 0:
        return 0.0
    if not rules["max_delta_step"]:
        return shrink(g, rules["alpha"]) ** 2 / (h + rules["lambda"])
    w = leaf(g, h, rules)
    return -(2 * g * w + (h + rules["lambda"]) * w * w) - 2 * rules["alpha"] * abs(w)


def best_split(rows, x, g, h, rules):
    total_g = math.fsum(g[r] for r in rows)
    total_h = math.fsum(h[r] for r in rows)
    best = None
    for f in range(len(x[0])):
        present = [r for r in rows if not math.isnan(x[r][f])]
        missing = [r for r in rows if math.isnan(x[r][f])]
        values = sorted({x[r][f] for r in present})
        # With missing rows the last "cut" sends all that is present left.
        for value in values if missing else values[:-1]:
            left = [r for r in present if x[r][f] <= value]
            for missing_left in ([False, True] if missing else [False]):
                side = left + (missing if missing_left else [])
                if not side or len(side) == len(rows):
                    continue
                gl, hl = math.fsum(g[r] for r in side), math.fsum(h[r] for r in side)
                gr, hr = total_g - gl, total_h - hl
                if min(hl, hr) < rules["min_child_weight"]:
                    continue
                gain = gain_of(gl, hl, rules) + gain_of(gr, hr, rules) - gain_of(total_g, total_h, rules)
                if gain <= 1e-6 or gain < rules["gamma"]:
                    continue
                if best is None or gain > best[0] + 1e-12:
                    best = (gain, f, value, missing_left, side)
    return best


def grow(rows, x, g, h, depth, rules, eta, score):
    split = best_split(rows, x, g, h, rules) if depth else None
    if split is None:
        value = eta * leaf(math.fsum(g[r] for r in rows), math.fsum(h[r] for r in rows), rules)
        for r in rows:
            score[r] += value
        return
    left = set(split[4])
    grow(sorted(left), x, g, h, depth - 1, rules, eta, score)
    grow([r for r in rows if r not in left], x, g, h, depth - 1, rules, eta, score)


def plain(x, y, objective, trees, depth, eta, rules):
    mean = math.fsum(y) / len(y)
    base = {"logistic": lambda: math.log(mean / (1 - mean)), "squared": lambda: mean,
            "poisson": lambda: math.log(mean)}[objective]()
    score = [base] * len(y)
    for _ in range(trees):
        pairs = [gradients(objective, s, v) for s, v in zip(score, y)]
        grow(list(range(len(y))), x, [p[0] for p in pairs], [p[1] for p in pairs], depth, rules, eta, score)
    return score, mean


def by_xgboost(x, y, objective, trees, depth, eta, rules, mean):
    parameters = {"objective": {"logistic": "binary:logistic", "squared": "reg:squarederror",
                                "poisson": "count:poisson"}[objective],
                  "tree_method": "exact", "max_depth": depth, "eta": eta, "base_score": mean,
                  "lambda": rules["lambda"], "alpha": rules["alpha"], "gamma": rules["gamma"],
                  "min_child_weight": rules["min_child_weight"], "nthread": 1}
    data = xgboost.DMatrix(numpy.array(x), label=numpy.array(y), missing=math.nan)
    model = xgboost.train(parameters, data, trees)
    return [float(v) for v in model.predict(data, output_margin=True)]


def rows_of(n, seed, missing=0.0):
    draw = random.Random(seed)
    x, eta = [], []
    for _ in range(n):
        a, b, sex = draw.randrange(25) / 2, draw.randrange(12) * 0.3 - 1, draw.randrange(2)
        eta.append(0.25 * (a - 6) + (1.5 if sex and b > 0.4 else -0.5) + draw.gauss(0, 1))
        x.append([math.nan if draw.random() < missing else a, math.nan if draw.random() < missing else b, sex])
    return x, eta


CASES = [  # name, objective, n, seed, share missing, trees, depth, eta, rules
    ("logistic", "logistic", 300, 1, 0, 20, 4, 0.3, {}),
    ("logistic_rules", "logistic", 250, 2, 0, 15, 6, 0.1, {"lambda": 3.0, "min_child_weight": 4.0, "gamma": 0.7}),
    ("logistic_missing", "logistic", 300, 3, 0.15, 12, 4, 0.3, {}),
    ("squared", "squared", 200, 4, 0, 20, 5, 0.2, {}),
    ("squared_shrunk", "squared", 220, 5, 0.1, 10, 4, 0.5, {"lambda": 0.0, "alpha": 1.5}),
    ("poisson", "poisson", 260, 6, 0, 15, 3, 0.3, {}),
]


def main():
    for name, objective, n, seed, missing, trees, depth, eta, changes in CASES:
        rules = {"lambda": 1.0, "alpha": 0.0, "gamma": 0.0, "min_child_weight": 1.0,
                 "max_delta_step": 0.7 if objective == "poisson" else 0.0, **changes}
        x, signal = rows_of(n, seed, missing)
        if objective == "logistic":
            y = [1.0 if s > 0.3 else 0.0 for s in signal]
        elif objective == "poisson":
            y = [float(max(0, round(s + 1))) for s in signal]
        else:
            y = [round(s, 3) for s in signal]
        score, mean = plain(x, y, objective, trees, depth, eta, rules)
        other = by_xgboost(x, y, objective, trees, depth, eta, rules, mean)
        worst = max(abs(a - b) for a, b in zip(score, other))
        print(name, "plain and xgboost differ by", worst, file=sys.stderr)
        if worst > 2e-5:
            sys.exit(f"{name}: xgboost differs by {worst}")
        options = [f'objective = "{objective}"', f"trees = {trees}", f"depth = {depth}", f"learning_rate = {eta}",
                   "bins = 255"] + [f"{key} = {value}" for key, value in changes.items()]
        if missing:
            options.append('missing = "learn"')
        print("\t".join(["case", name] + options))
        for row, outcome, a, b in zip(x, y, score, other):
            cells = ["NA" if math.isnan(v) else repr(float(v)) for v in row[:2]]
            print("\t".join(["row", "M" if row[2] else "F", repr(outcome)] + cells + [repr(a), repr(b)]))


main()
