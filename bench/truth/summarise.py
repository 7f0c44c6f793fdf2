#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the lines of truth_bench say together: summarise.py FILE... (or standard input)."""
import fileinput
import json
import math
import sys


def mean(values):
    return sum(values) / len(values)


def share(hits):
    """A share with its 95 % interval (Wilson)."""
    n, k, z = len(hits), sum(hits), 1.96
    p = k / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    return f"{100 * p:.1f} % ({100 * max(0, middle - half):.1f} to {100 * min(1, middle + half):.1f})"


def report(scenario, patients, lines):
    arms = ["JAK", "anti-IL-6", "anti-TNF"]
    rule = [line["values"]["rule"] for line in lines]
    folds = [line["true_rule_without_fold"] for line in lines]
    best = lines[0]["truth"]["best_single"]
    oracle = lines[0]["truth"]["oracle"]
    true_gain = [value - best for value in folds]
    gain = [line["gain"] for line in lines]
    claims = [line["claim"] for line in lines]
    false = [line["claim"] and g <= 1e-12 for line, g in zip(lines, true_gain)]
    print(f"\n{scenario}, {patients} patients, {len(lines)} cohorts")
    print(f"  truth: best single drug {best:.4f}, oracle {oracle:.4f}")
    print(f"  rule learned from all: true value {mean([l['true_rule'] for l in lines]):.4f}, "
          f"regret against the oracle {oracle - mean([l['true_rule'] for l in lines]):.4f}")
    print(f"  rules learned without each fold: true value {mean(folds):.4f}, true gain {mean(true_gain):.4f}")
    print(f"  policy value of the rule: mean estimate {mean([r[0] for r in rule]):.4f}, bias "
          f"{mean([r[0] - t for r, t in zip(rule, folds)]):+.4f}, 95 % interval holds the truth "
          f"{share([r[1] <= t <= r[2] for r, t in zip(rule, folds)])}")
    for i, arm in enumerate(arms):
        truth = lines[0]["truth"]["arms"][i]
        values = [line["values"][arm] for line in lines]
        print(f"    {arm} for everybody: true {truth:.4f}, bias {mean([v[0] - truth for v in values]):+.4f}, interval "
              f"{share([v[1] <= truth <= v[2] for v in values])}")
    if scenario == "tie":  # where the value of every rule is that of every drug
        tree = [line["values"]["policy tree"] for line in lines]
        print(f"    policy tree: true {best:.4f}, bias {mean([v[0] - best for v in tree]):+.4f}, interval "
              f"{share([v[1] <= best <= v[2] for v in tree])}")
    print(f"  gain over the best single drug: mean estimate {mean([g[0] for g in gain]):+.4f}, interval holds the truth "
          f"{share([g[1] - 1e-9 <= t <= g[2] + 1e-9 for g, t in zip(gain, true_gain)])}")
    print(f"  claims a benefit: {share(claims)}; of these false: {share(false)} of all cohorts")
    for t, threshold in enumerate((0, 0.05, 0.1)):
        told = [(line["net_benefit"][t], line["true_net_benefit"][t]) for line in lines if line["net_benefit"][t]]
        if told:
            print(f"  net benefit over anti-TNF at {threshold}: true {mean([t for _, t in told]):+.4f}, bias "
                  f"{mean([e[0] - t for e, t in told]):+.4f}, interval {share([e[1] <= t <= e[2] for e, t in told])}")
    bedside = [line["bedside"] for line in lines if "asked" in line["bedside"]]
    print(f"  bedside: intervals hold the true chance {100 * mean([b['interval_coverage'] for b in bedside]):.1f} %, the "
          f"true difference {100 * mean([b['difference_coverage'] for b in bedside]):.1f} %; recommends "
          f"{100 * mean([b['recommended'] for b in bedside]):.1f} % of patients"
          + "".join(f", the truly best drug in {100 * mean(r):.1f} % of them" for r in
                    [[b["recommended_is_best"] for b in bedside if b["recommended_is_best"] is not None]] if r))
    print(f"  {mean([l['rounds'] for l in lines]):.0f} rounds, {mean([l['seconds'] for l in lines]):.2f} s")


def main():
    groups, errors = {}, []
    for text in fileinput.input():
        line = json.loads(text)
        if "error" in line:
            errors.append(line)
        else:
            groups.setdefault((line["scenario"], line["patients"]), []).append(line)
    for (scenario, patients), lines in groups.items():
        report(scenario, patients, lines)
    for line in errors:
        print(f"seed {line['seed']}: {line['error']}", file=sys.stderr)


main()
