#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes progression_reference.tsv: random courses and the events that pymsprog finds in them, the Python edition of
msprog by the same authors (pip install pymsprog; version 1.0.7 made the file).

    python3 progression_reference.py > progression_reference.tsv

Columns: outcome, baseline, events, PIRA definition ('-' = events are not classified), confirmation days, visits as
day:value, relapses as days, expected events as type:day:confirmed day:sustained days ('-' = none).

pymsprog compares binary fractions; the minimal change is lowered by 1e-9 here so that 20 % of 5.5 counts as 1.1.
"""
import random
import sys
import warnings

import pandas as pd
from pymsprog import MSprog, compute_delta

warnings.simplefilter("ignore")
random.seed(7)
NONE = (0, 0)
PIRA = {
    "muller2023": ({"prec": NONE, "event": (90, 30), "conf": (90, 30)}, False),
    "muller2023-strict": ({"prec": (0, None), "event": (None, None), "conf": (None, 0)}, False),
    "muller2025": ({"prec": (0, None), "event": (None, 0), "conf": NONE, "prec_type": "last"}, False),
    "kappos2020": ({"prec": (0, None), "event": (None, 30), "conf": (30, 30)}, True),
    "cagol2022": ({"prec": NONE, "event": (90, None), "conf": (None, 0)}, False),
}
EVENTS = {"first-cdw": "firstCDW", "first": "first", "first-cdi": "firstCDI", "first-pira": "firstPIRA",
          "first-raw": "firstRAW", "multiple": "multiple"}
BASELINES = {"fixed": "fixed", "roving": "roving", "roving-impr": "roving_impr", "roving-wors": "roving_wors"}
OUTCOMES = {"edss": "edss", "t25fw": "t25fw", "9hpt": "nhpt", "sdmt": "sdmt"}
STEPS = [0, 1, 1.5] + [x / 2 for x in range(4, 19)]


def course(outcome):
    """Visits that wander, and relapses that push."""
    day, visits, relapses = random.choice([0, 0, 0, 14]), [], []
    level = random.randint(0, 10) if outcome == "edss" else random.uniform(4, 12) if outcome == "t25fw" else \
        random.uniform(15, 40) if outcome == "9hpt" else random.uniform(15, 70)
    for _ in range(random.randint(2, 14)):
        if outcome == "edss":
            level = min(max(level + random.choice([-3, -2, -1, 0, 0, 0, 0, 1, 1, 2, 3]), 0), len(STEPS) - 1)
            value = STEPS[level]
        elif outcome == "sdmt":
            level = min(max(level + random.choice([-9, -5, -3, 0, 0, 2, 5]), 1), 110)  # of 0, 20 % is no change at all
            value = round(level)
        else:
            level = max(level * random.choice([0.7, 0.8, 0.9, 1, 1, 1.1, 1.2, 1.3]), 2)
            value = round(level, 1)
        visits.append((day, value))
        day += random.choice([28, 42, 60, 77, 84, 91, 100, 168, 182])
    for _ in range(random.choice([0, 0, 1, 1, 2, 3])):
        near = random.choice(visits)[0] + random.choice([-95, -90, -60, -31, -30, -29, -5, 0, 3, 20, 45])
        relapses.append(near)
    return visits, sorted(relapses)


def reference(courses, outcome, baseline, events, pira, confirm):
    visits = pd.DataFrame([(i, d, v) for i, (vs, _) in enumerate(courses) for d, v in vs], columns=["id", "day", "value"])
    relapses = pd.DataFrame([(i, d) for i, (_, rs) in enumerate(courses) for d in rs], columns=["id", "day"])
    free, rebaseline = PIRA.get(pira, (None, False))
    _, results = MSprog(visits, "id", "value", "day", OUTCOMES[outcome], relapse=relapses, event=EVENTS[events],
                        RAW_PIRA=pira != "-", baseline=BASELINES[baseline], relapse_rebl=rebaseline,
                        relapse_indep=dict(free) if free else None, conf_days=confirm, date_format="day",
                        include_dates=True, include_value=True, verbose=0,
                        delta_fun=lambda b: compute_delta(b, OUTCOMES[outcome]) - 1e-9)
    found = {i: [] for i in range(len(courses))}
    for row in results.to_dict("records"):
        if row["event_type"] == "":
            continue
        kind = row.get("CDW_type") or row["event_type"]
        kind = "CDW" if kind == "undefined" else kind
        confirmed = row[f"conf{confirm}_date"]
        if kind == "PIRA":
            confirmed = row[f"PIRA_conf{confirm}_date"]
        found[row["id"]].append(f"{kind}:{row['date']:g}:{confirmed:g}:{row['sust_days']:g}")
    return found


print("# SPDX-License-Identifier: Apache-2.0")
print("# Written by progression_reference.py with pymsprog 1.0.7.")
settings = [("edss", b, e, p, c) for b in BASELINES for e in EVENTS for p in ["-", *PIRA] for c in (84,)
            if not (p == "-" and e in ("first-pira", "first-raw"))]
settings += [("edss", b, "multiple", "muller2023", 168) for b in BASELINES]
settings += [(o, b, e, "muller2023", 84) for o in ("t25fw", "9hpt", "sdmt") for b in ("fixed", "roving") for e in ("multiple", "first-cdw")]
for setting in settings:
    outcome = setting[0]
    courses = [course(outcome) for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 12)]
    found = reference(courses, *setting)
    for i, (visits, relapses) in enumerate(courses):
        print("\t".join([*map(str, setting), " ".join(f"{d}:{v:g}" for d, v in visits), " ".join(map(str, relapses)) or "-",
                         " ".join(found[i]) or "-"]))
