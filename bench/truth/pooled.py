#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same learner on pooled rows in scikit-learn: true values of its rules, cohort by cohort.

pooled.py DIR     where truth_bench --write DIR has put cohort_SEED.csv and further.csv. Needs python3-sklearn.
"""
import csv
import glob
import json
import os
import sys

import numpy
from sklearn.linear_model import LogisticRegressionCV

ARMS = ["JAK", "anti-IL-6", "anti-TNF"]
SITES = ["de-freiburg", "fr-strasbourg", "ch-basel"]


def read(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def covariates(rows):
    """The columns of truth_bench's formula, without intercept."""
    def of(row):
        log_crp = numpy.log(float(row["crp"]) + 1)
        seropositive = float(row["seropositive"])
        return ([float(row[key]) for key in ("das28", "prior_biologics", "current_smoker", "haq")] +
                [seropositive, log_crp, seropositive * log_crp, float(row["age"]), float(float(row["age"]) >= 65),
                 float(row["sex"] == "M")] + [float(row["site"] == site) for site in SITES])
    return numpy.array([of(row) for row in rows])


def joint(x, arm):
    """Arms' intercepts, so large that the penalty hardly feels them; what arms share; what each adds."""
    own = [x * (arm == a)[:, None] for a in range(3)]
    intercepts = numpy.stack([(arm == a) * 5.0 for a in range(3)], axis=1)
    return numpy.hstack([intercepts, x] + own)


def true_value(seed_file, further, chance):
    rows = read(seed_file)
    x = covariates(rows)
    mean, deviation = x.mean(axis=0), x.std(axis=0, ddof=1)
    x = (x - mean) / deviation
    arm = numpy.array([ARMS.index(row["drug"]) for row in rows])
    y = numpy.array([int(float(row["low_activity"])) for row in rows])
    z = joint(x, arm)
    # C = 1 / (n lambda); lambdas from the largest that does something down to 1 / 200 of it, as ours.
    means = numpy.array([y[arm == a].mean() for a in range(3)])
    largest = numpy.abs(z[:, 3:].T @ (y - means[arm])).max() / len(y) / 0.5
    lambdas = largest * 0.005 ** (numpy.arange(12) / 11)
    fit = LogisticRegressionCV(Cs=1 / (len(y) * lambdas), l1_ratios=[0.5], penalty="elasticnet", solver="saga", cv=5,
                               scoring="neg_log_loss", fit_intercept=False, max_iter=1000, tol=1e-3)
    fit.fit(z, y)
    f = (further - mean) / deviation
    eta = numpy.stack([joint(f, numpy.full(len(f), a)) @ fit.coef_[0] for a in range(3)], axis=1)
    return chance[numpy.arange(len(f)), eta.argmax(axis=1)].mean()


def main():
    folder = sys.argv[1]
    rows = read(os.path.join(folder, "further.csv"))
    further = covariates(rows)
    chance = numpy.array([[float(row[f"p{a}"]) for a in range(3)] for row in rows])
    values = []
    for path in sorted(glob.glob(os.path.join(folder, "cohort_*.csv"))):
        values.append(true_value(path, further, chance))
        print(json.dumps({"cohort": os.path.basename(path), "true_rule": values[-1]}), flush=True)
    print(f"pooled in scikit-learn: true value {numpy.mean(values):.4f}, regret against the oracle "
          f"{chance.max(axis=1).mean() - numpy.mean(values):.4f} over {len(values)} cohorts")


main()
