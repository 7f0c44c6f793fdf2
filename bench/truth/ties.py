#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Coverage of the rule's value where drugs tie: what cross-fitting alone gives, and what src/learn/choice_judgement.h
adds to its variance. Scores of 800 persons are normal, the rule gives everybody the arm that looks best in the other
folds; the truth is the mean value of the folds' rules. Needs python3-numpy.

  ties.py [REPLICATES]
"""
import sys

import numpy


def one(random, folds, arms, ahead):
    """The error of the rule's value, its variance, and a third of the variance of what folds change in each other."""
    n = 800
    scores = random.normal(size=(folds, n // folds, arms))
    scores[:, :, 0] += ahead
    sums = scores.sum(axis=1)
    total = sums.sum(axis=0)
    chosen = [int(numpy.argmax(total - sums[k])) for k in range(folds)]
    rule = numpy.concatenate([scores[k, :, chosen[k]] for k in range(folds)])
    changed = 0.0
    for k in range(folds):
        for l in range(folds):
            if l != k:
                other = int(numpy.argmax(total - sums[k] - sums[l]))
                changed += ((scores[k, :, chosen[k]] - scores[k, :, other])**2).sum()
    truth = numpy.mean([ahead * (arm == 0) for arm in chosen])
    return abs(rule.mean() - truth), rule.var(ddof=1) / n, changed / n**2 / 3


def main():
    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    random = numpy.random.default_rng(2)
    print("folds  arms  one arm ahead by  coverage of folds alone  with what they change  errors wider by")
    for folds, arms, ahead in [(2, 2, 0), (5, 2, 0), (5, 3, 0), (10, 3, 0), (5, 3, 0.1), (5, 3, 0.3)]:
        runs = numpy.array([one(random, folds, arms, ahead) for _ in range(replicates)])
        error, alone, both = runs[:, 0], numpy.sqrt(runs[:, 1]), numpy.sqrt(runs[:, 1] + runs[:, 2])
        print(f"{folds:5d} {arms:5d} {ahead:17.1f} {100 * (error <= 1.96 * alone).mean():22.1f} % "
              f"{100 * (error <= 1.96 * both).mean():20.1f} % {both.mean() / alone.mean():16.2f}")


main()
