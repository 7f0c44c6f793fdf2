#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Coverage of the rule's value where drugs tie: what cross-fitting alone gives, what src/learn/choice_judgement.h adds
to its variance, and how much of what folds change in each other that would have to be. Scores of 800 persons are normal;
the rule gives each person the arm with the best prediction of the other folds' least squares on so many columns (1: the
intercept, everybody the same arm); of the first arm the truth is `ahead` more for each unit of the last column (which is 1
where there is but one). The truth of the value is the mean of the folds' rules over those whom they are judged on. Needs
python3-numpy.

  ties.py [REPLICATES]
"""
import sys

import numpy


def one(random, folds, arms, columns, ahead):
    """The error of the rule's value, its variance, and the variance of what folds change in each other."""
    n = 800 // folds * folds
    x = numpy.ones((folds, n // folds, columns))
    if columns > 1:
        x[:, :, 1:] = random.normal(size=(folds, n // folds, columns - 1))
    effect = ahead * x[:, :, -1]
    scores = random.normal(size=(folds, n // folds, arms))
    scores[:, :, 0] += effect
    squares = numpy.einsum("kri,krj->kij", x, x)
    products = numpy.einsum("kri,kra->kia", x, scores)

    def chosen(k, out):
        keep = [f for f in range(folds) if f not in out]
        return (x[k] @ numpy.linalg.solve(squares[keep].sum(axis=0), products[keep].sum(axis=0))).argmax(axis=1)

    rows = numpy.arange(n // folds)
    values, truth, changed = [], 0.0, 0.0
    for k in range(folds):
        own = chosen(k, [k])
        values.append(scores[k][rows, own])
        truth += (effect[k] * (own == 0)).sum() / n
        for l in range(folds):
            if l != k and folds > 2:
                changed += ((values[k] - scores[k][rows, chosen(k, [k, l])])**2).sum()
    values = numpy.concatenate(values)
    return values.mean() - truth, values.var(ddof=1) / n, changed / n**2


def main():
    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    random = numpy.random.default_rng(2)
    print("folds  arms  columns  ahead  coverage of folds alone  with a fifth  with a third  share needed")
    for folds, arms, columns, ahead in [(5, 2, 1, 0), (5, 3, 1, 0), (10, 3, 1, 0), (5, 2, 2, 0), (5, 2, 4, 0),
                                        (5, 2, 12, 0), (5, 3, 12, 0), (5, 3, 12, 0.1), (5, 3, 12, 0.3), (5, 3, 1, 0.1)]:
        runs = numpy.array([one(random, folds, arms, columns, ahead) for _ in range(replicates)])
        error, alone, changed = runs.T
        held = [100 * (abs(error) <= 1.96 * numpy.sqrt(alone + part * changed)).mean() for part in (0, 1 / 5, 1 / 3)]
        needed = (error.var() - alone.mean()) / changed.mean()
        print(f"{folds:5d} {arms:5d} {columns:8d} {ahead:6.1f} {held[0]:22.1f} % {held[1]:11.1f} % {held[2]:11.1f} %"
              f" {needed:13.2f}", flush=True)


main()
