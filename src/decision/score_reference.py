#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes score_reference.tsv: worked examples of every score, with the value and band that the published formula
gives. Written from the formulas alone, in exact decimal arithmetic where they are sums and in 40 digits where they
have roots and logarithms; the program is not used.

    python3 score_reference.py > score_reference.tsv

Columns: score, arguments separated by blanks, value (17 digits), band ('-' = none).
"""
import random
from decimal import Decimal as D, getcontext
from itertools import product

getcontext().prec = 40
random.seed(20240611)
ROWS = []


def emit(score, arguments, value, band):
    text = " ".join(f"{name}={shown}" for name, shown in arguments.items())
    ROWS.append((score, text, f"{float(value):.17g}", band))


def pick(cuts, value):
    """cuts: (label, cut, '<' or '<='), the last with cut None."""
    for label, cut, relation in cuts:
        if cut is None or (value < D(cut) if relation == "<" else value <= D(cut)):
            return label
    raise AssertionError


def le(*pairs):
    """Bands whose cuts belong to them; the last label stands alone."""
    return [(label, cut, "<=") for label, cut in pairs[:-1]] + [(pairs[-1], None, "")]


def whole(high, low=0):
    return D(random.randint(low, high))


def tenths(high):
    return D(random.randint(0, 10 * high)) / 10


# ---- rheumatoid arthritis
DAS = [("remission", "2.6", "<"), ("low", "3.2", "<="), ("moderate", "5.1", "<="), ("high", None, "")]


def das28(kind, tjc, sjc, reactant, gh):
    part = D("0.56") * tjc.sqrt() + D("0.28") * sjc.sqrt()
    part += D("0.70") * reactant.ln() if kind == "esr" else D("0.36") * (reactant + 1).ln()
    if gh is None:
        value = part * D("1.08") + D("0.16") if kind == "esr" else part * D("1.10") + D("1.15")
    else:
        value = part + D("0.014") * gh + (0 if kind == "esr" else D("0.96"))
    arguments = {"tjc28": tjc, "sjc28": sjc, kind: reactant}
    if gh is not None:
        arguments["gh"] = gh
    emit("das28-" + kind, arguments, value, pick(DAS, value))


for kind in ("esr", "crp"):
    for _ in range(60):
        das28(kind, whole(28), whole(28), whole(120, 1), random.choice([None, whole(100)]))
        das28(kind, whole(4), whole(3), tenths(12) + 1, random.choice([None, whole(40)]))
    das28(kind, D(0), D(0), D(1), D(0))
    das28(kind, D(28), D(28), D(200), D(100))
# Both sides of each cut: the global health that brings the score just below and just above it.
for kind in ("esr", "crp"):
    for cut in ("2.6", "3.2", "5.1"):
        tjc, sjc, reactant = (D(2), D(1), D(4)) if cut != "5.1" else (D(16), D(9), D(9))
        if cut == "2.6":
            tjc, sjc, reactant = D(1), D(0), D(2)
        base = D("0.56") * tjc.sqrt() + D("0.28") * sjc.sqrt()
        base += D("0.70") * reactant.ln() if kind == "esr" else D("0.36") * (reactant + 1).ln() + D("0.96")
        edge = (D(cut) - base) / D("0.014")
        for shift in ("-0.001", "0.001"):
            if 0 <= edge + D(shift) <= 100:
                das28(kind, tjc, sjc, reactant, (edge + D(shift)).quantize(D("0.000001")))

CRP_CUTS = [("remission", "2.4", "<"), ("low", "2.9", "<="), ("moderate", "4.6", "<="), ("high", None, "")]
for _ in range(30):
    tjc, sjc, crp, gh = whole(6), whole(6), whole(20), whole(80)
    value = D("0.56") * tjc.sqrt() + D("0.28") * sjc.sqrt() + D("0.36") * (crp + 1).ln() + D("0.014") * gh + D("0.96")
    emit("das28-crp", dict(tjc28=tjc, sjc28=sjc, crp=crp, gh=gh, crp_cuts=1), value, pick(CRP_CUTS, value))

SDAI = le(("remission", "3.3"), ("low", "11"), ("moderate", "26"), "high")
CDAI = le(("remission", "2.8"), ("low", "10"), ("moderate", "22"), "high")


def sdai(tjc, sjc, ptga, phga, crp):
    value = tjc + sjc + ptga + phga + crp / 10
    emit("sdai", dict(tjc28=tjc, sjc28=sjc, ptga=ptga, phga=phga, crp=crp), value, pick(SDAI, value))


def cdai(tjc, sjc, ptga, phga):
    value = tjc + sjc + ptga + phga
    emit("cdai-ra", dict(tjc28=tjc, sjc28=sjc, ptga=ptga, phga=phga), value, pick(CDAI, value))


for _ in range(40):
    sdai(whole(28), whole(28), tenths(10), tenths(10), tenths(60))
    cdai(whole(28), whole(28), tenths(10), tenths(10))
    sdai(whole(2), whole(2), tenths(2), tenths(2), tenths(9))
    cdai(whole(2), whole(1), tenths(2), tenths(2))
for cut in ("3.3", "11", "26"):  # exactly the cut, and a tenth of mg/L on either side
    for crp in ("4.9", "5", "5.1"):
        joints = int(D(cut)) - 2
        rest = D(cut) - joints - D("0.5")
        sdai(D(min(joints, 20)), D(max(joints - 20, 0)), rest / 2, rest / 2, D(crp))
for cut in ("2.8", "10", "22"):
    for shift in ("-0.1", "0", "0.1"):
        joints = int(D(cut)) - 2
        cdai(D(min(joints, 15)), D(max(joints - 15, 0)), D("0.7"), D(cut) - joints - D("0.7") + D(shift))

for version, tjc, sjc, crp, ptga in product((None, 2011, 2022), (1, 2), (1, 2), ("10", "10.1"), ("1", "1.1", "2", "2.1")):
    good = tjc <= 1 and sjc <= 1 and D(crp) <= 10 and D(ptga) <= (1 if version == 2011 else 2)
    arguments = dict(tjc28=tjc, sjc28=sjc, crp=crp, ptga=ptga)
    if version:
        arguments["version"] = version
    emit("boolean-remission", arguments, int(good), "remission" if good else "not in remission")


def eular(before, after):
    gain = before - after
    band = "moderate"
    if after <= D("3.2") and gain > D("1.2"):
        band = "good"
    if gain <= D("0.6") or (gain <= D("1.2") and after > D("5.1")):
        band = "none"
    emit("eular-response", dict(das28_before=before, das28_after=after), gain, band)


for after, gain in product(("2.0", "3.1", "3.2", "3.3", "4.4", "5.1", "5.2", "6.5"),
                           ("-0.5", "0", "0.5", "0.6", "0.7", "1.1", "1.2", "1.3", "2.5")):
    if D(after) + D(gain) >= 0:
        eular(D(after) + D(gain), D(after))

RAPID = le(("near remission", "3"), ("low", "6"), ("moderate", "12"), "high")
for function, pain, world in [(3, 1, 1), (3, 1, "1.1"), (6, 2, 2), (6, 2, "2.1"), (12, 4, 4), (12, 4, "4.1"), (30, 10, 10),
                              (0, 0, 0), (7, "2.5", "3.5"), (10, 5, 5)]:
    value = D(function) / 3 + D(pain) + D(world)
    emit("rapid3", dict(function=function, pain=pain, **{"global": world}), value, pick(RAPID, value))

HAQ = ["dressing", "arising", "eating", "walking", "hygiene", "reach", "grip", "activities"]
for _ in range(40):
    chosen = random.sample(HAQ, random.randint(6, 8))
    scores = {name: random.randint(0, 3) for name in HAQ if name in chosen}
    aids = random.sample(HAQ, random.randint(0, 3))
    value = D(sum(max(score, 2) if name in aids else score for name, score in scores.items())) / len(scores)
    arguments = dict(scores)
    if aids:
        arguments["aids"] = ",".join(aids)
    emit("haq-di", arguments, value, "-")

for large, small, serology, reactants, weeks in product((0, 1, 2, 10), (0, 1, 3, 4, 10, 11), (0, 1, 2), (0, 1), (5, 6)):
    joints = 5 if large + small > 10 and small >= 1 else 3 if small >= 4 else 2 if small >= 1 else 1 if large >= 2 else 0
    value = joints + (0, 2, 3)[serology] + reactants + (weeks >= 6)
    emit("acr-eular-2010", dict(large_joints=large, small_joints=small, rf_acpa=serology, abnormal_reactants=reactants,
                                weeks=weeks), value, "definite" if value >= 6 else "not classified as definite")

# ---- spondyloarthritis, psoriasis
ASDAS = [("inactive", "1.3", "<"), ("low", "2.1", "<"), ("high", "3.5", "<="), ("very high", None, "")]
for _ in range(60):
    top = random.choice([3, 10])
    pain, stiff, world, limbs = (whole(top) for _ in range(4))
    shared = dict(back_pain=pain, morning_stiffness=stiff, patient_global=world, peripheral_pain=limbs)
    crp = random.choice([D("0"), D("1.9"), D("2"), tenths(8), whole(60)])
    value = (D("0.12") * pain + D("0.06") * stiff + D("0.11") * world + D("0.07") * limbs
             + D("0.58") * (max(crp, D(2)) + 1).ln())
    emit("asdas-crp", dict(shared, crp=crp), value, pick(ASDAS, value))
    esr = whole(80)
    value = (D("0.08") * pain + D("0.07") * stiff + D("0.11") * world + D("0.09") * limbs + D("0.29") * esr.sqrt())
    emit("asdas-esr", dict(shared, esr=esr), value, pick(ASDAS, value))
# Exactly on each cut by ASDAS-ESR (the root of a square and a sum in hundredths), and on either side of it.
for pain, stiff, world, limbs, esr in ((9, 0, 0, 0, 4), (6, 0, 6, 1, 9), (4, 9, 10, 0, 25)):
    for shift in ("-0.1", "0", "0.1"):
        value = (D("0.08") * (pain + D(shift)) + D("0.07") * stiff + D("0.11") * world + D("0.09") * limbs
                 + D("0.29") * D(esr).sqrt())
        emit("asdas-esr", dict(back_pain=pain + D(shift), morning_stiffness=stiff, patient_global=world, peripheral_pain=limbs, esr=esr),
             value, pick(ASDAS, value))
for _ in range(30):
    q = [tenths(10) for _ in range(6)]
    value = (q[0] + q[1] + q[2] + q[3] + (q[4] + q[5]) / 2) / 5
    emit("basdai", {f"q{i + 1}": x for i, x in enumerate(q)}, value, "active" if value >= 4 else "not active")
for last in ("3.9", "4", "4.1"):
    q = [D(4), D(4), D(4), D(4), D(4), D(last)]
    value = (q[0] + q[1] + q[2] + q[3] + (q[4] + q[5]) / 2) / 5
    emit("basdai", {f"q{i + 1}": x for i, x in enumerate(q)}, value, "active" if value >= 4 else "not active")
for _ in range(10):
    q = [tenths(10) for _ in range(10)]
    emit("basfi", {f"q{i + 1}": x for i, x in enumerate(q)}, sum(q) / 10, "-")
DAPSA = le(("remission", "4"), ("low", "14"), ("moderate", "28"), "high")
for cut in (4, 14, 28):
    for crp in ("9.9", "10", "10.1"):
        value = D(cut - 3) + 1 + 1 + D(crp) / 10
        emit("dapsa", dict(tjc68=cut - 3, sjc66=0, pain=1, patient_global=1, crp=crp), value, pick(DAPSA, value))
for _ in range(20):
    part = [whole(30), whole(20), tenths(10), tenths(10), tenths(50)]
    value = sum(part[:4]) + part[4] / 10
    emit("dapsa", dict(zip(("tjc68", "sjc66", "pain", "patient_global", "crp"), part)), value, pick(DAPSA, value))


def grade(area):
    return sum(area >= low for low in (10, 30, 50, 70, 90)) + (area > 0)


PASI = [("mild", "10", "<"), ("moderate", "20", "<="), ("severe", None, "")]


def pasi(regions):
    value, arguments = D(0), {}
    for (name, weight), (e, i, d, area) in zip((("head", "0.1"), ("upper", "0.2"), ("trunk", "0.3"), ("lower", "0.4")), regions):
        value += D(weight) * (e + i + d) * grade(area)
        arguments.update({name + "_e": e, name + "_i": i, name + "_d": d, name + "_area": area})
    emit("pasi", arguments, value, pick(PASI, value))


for _ in range(30):
    pasi([[whole(4), whole(4), whole(4), whole(100)] for _ in range(4)])
for area in (0, 1, 9, 10, 29, 30, 49, 50, 69, 70, 89, 90, 100):
    pasi([[1, 1, 1, area]] * 4)
pasi([[4, 4, 4, 100]] * 4)
pasi([[2, 2, 1, 10]] * 4)    # exactly 10
pasi([[4, 3, 3, 10]] * 4)    # exactly 20
for met in range(8):
    flags = [1] * met + [0] * (7 - met)
    random.shuffle(flags)
    arguments = dict(tjc=1 if flags[0] else 2, sjc=1 if flags[1] else 2, pasi="1" if flags[2] else "1.1",
                     pain=15 if flags[3] else 16, patient_global=20 if flags[4] else 21,
                     haq="0.5" if flags[5] else "0.625", entheses=1 if flags[6] else 2)
    emit("mda", arguments, met, "very low" if met == 7 else "minimal" if met >= 5 else "not minimal")

# ---- responses in percent, and drops
for score, cuts in (("sdai-response", (50, 70, 85)), ("cdai-ra-response", (50, 70, 85)), ("dapsa-response", (50, 75, 85))):
    for percent in (-10, 0, 49, 50, cuts[1] - 1, cuts[1], 84, 85, 100):
        before, after = D(20), D(20) - D(20) * percent / 100
        band = ["none", "minor", "moderate", "major"][sum(percent >= cut for cut in cuts)]
        emit(score, dict(before=before, after=after), percent, band)
for before, after in ((20, 5), (20, "5.1"), (20, 2), (20, "2.1"), (20, 20)):
    value = 100 * (D(before) - D(after)) / D(before)
    emit("pasi-response", dict(before=before, after=after), value, "PASI90" if value >= 90 else "PASI75" if value >= 75 else "none")
for onset, pain, image, hla, features in product((44, 45), ("2.9", 3), (0, 1), (0, 1), (0, 1, 2)):
    good = onset < 45 and D(pain) >= 3 and ((image and hla + features >= 1) or (hla and features >= 2))
    emit("asas-axspa", dict(onset_age=onset, back_pain=pain, sacroiliitis=image, hla_b27=hla, features=features), int(bool(good)),
         "axial spondyloarthritis" if good else "not classified")
for before, after in (("6", "3"), ("6", "3.1"), ("5.4", "2.7"), ("8", "0")):
    value = 100 * (D(before) - D(after)) / D(before)
    emit("basdai-response", dict(before=before, after=after), value, "BASDAI50" if value >= 50 else "none")
for before, after in (("3.4", "2.3"), ("3.4", "2.4"), ("4.1", "2.1"), ("4.1", "2.2"), ("2.0", "2.5")):
    value = D(before) - D(after)
    emit("asdas-response", dict(before=before, after=after), value,
         "major" if value >= 2 else "clinically important" if value >= D("1.1") else "none")
for _ in range(60):
    names = ["tjc", "sjc", "patient_global", "physician_global", "pain", "haq", random.choice(["crp", "esr"])]
    arguments, gains = {}, {}
    for name in names:
        before = D(random.choice([3, 2])) if name == "haq" else D(random.choice([10, 20, 40]))
        gains[name] = D(random.choice([0, 10, 20, 40, 50, 60, 70, 80, 100]))
        arguments[name + "_before"] = before
        arguments[name + "_after"] = (before - before * gains[name] / 100).normalize()
    arguments = {name: format(D(value), "f") for name, value in arguments.items()}
    others = sorted((gains[name] for name in names[2:]), reverse=True)
    reached = min(gains["tjc"], gains["sjc"], others[2])
    level = max((level for level in (0, 20, 50, 70) if reached >= level), default=0)
    emit("acr-response", arguments, level, f"ACR{level}" if level else "none")

# ---- Crohn's disease
CROHN = [("remission", "150", "<"), ("mild", "220", "<="), ("moderate", "450", "<="), ("severe", None, "")]


def crohn(stools, pain, well, complications, drug, mass, hct, sex, weight, standard):
    value = (2 * D(stools) + 5 * D(pain) + 7 * D(well) + 20 * D(complications) + 30 * D(drug) + 10 * D(mass)
             + 6 * ((47 if sex == "m" else 42) - D(hct)) + 100 * (1 - D(weight) / D(standard)))
    emit("cdai-crohn", dict(liquid_stools=stools, pain=pain, wellbeing=well, complications=complications, antidiarrhoeal=drug,
                            mass=mass, hct=hct, sex=sex, weight=weight, standard_weight=standard), value, pick(CROHN, value))


for stools in (74, 75, 76, 109, 110, 111, 224, 225, 226):  # 148 .. 452, through every cut
    crohn(stools, 0, 0, 0, 0, 0, 47, "m", 70, 70)
crohn("0", 1, 0, 0, 0, 0, 42, "f", "50", "50")
for _ in range(40):
    crohn(random.randint(0, 70), random.randint(0, 21), random.randint(0, 28), random.randint(0, 6), random.randint(0, 1),
          random.choice([0, 2, 5]), tenths(30) + 20, random.choice("mf"), tenths(60) + 40, whole(90, 50))
HBI = [("remission", "5", "<"), ("mild", "7", "<="), ("moderate", "16", "<="), ("severe", None, "")]
for stools in (0, 4, 5, 7, 8, 16, 17, 25):
    emit("hbi", dict(wellbeing=0, pain=0, liquid_stools=stools, mass=0, complications=0), stools, pick(HBI, D(stools)))
for _ in range(20):
    part = [random.randint(0, 4), random.randint(0, 3), random.randint(0, 12), random.randint(0, 3), random.randint(0, 8)]
    emit("hbi", dict(zip(("wellbeing", "pain", "liquid_stools", "mass", "complications"), part)), sum(part), pick(HBI, D(sum(part))))
for stools, pain in ((21, 7), (22, 7), (21, 8), (0, 0), (70, 21)):
    remission = pain <= 7 and stools <= 21
    emit("pro2-crohn", dict(liquid_stools=stools, pain=pain), (2 * D(stools) + 5 * D(pain)) / 7,
         "remission" if remission else "not in remission")
SES = le(("remission", "2"), ("mild", "6"), ("moderate", "15"), "severe")


def ses(rows):
    value = sum(sum(row) for row in rows[:3]) + min(sum(rows[3]), 11)
    arguments = dict(zip(("ulcer_size", "ulcerated_surface", "affected_surface", "stenosis"), (",".join(map(str, row)) for row in rows)))
    emit("ses-cd", arguments, value, pick(SES, D(value)))


zero = [0] * 5
for total in (0, 2, 3, 6, 7, 15, 16):
    first = [min(3, max(0, total - 3 * i)) for i in range(5)]
    ses([first, [max(0, total - 15), 0, 0, 0, 0], zero, zero])
ses([[3] * 5, [3] * 5, [3] * 5, [3] * 5])
ses([zero, zero, zero, [3, 3, 3, 2, 0]])
ses([zero, zero, zero, [3, 3, 3, 3, 0]])
for _ in range(20):
    ses([[random.randint(0, 3) for _ in range(5)] for _ in range(4)])
for grade_seen in range(5):
    emit("rutgeerts", dict(grade=grade_seen), grade_seen, "recurrence" if grade_seen >= 2 else "no recurrence")
for n, deep, flat, surface, ulcer, stenosis in ((5, 5, 5, 50, 50, (1, 1)), (1, 0, 0, 0, 0, (0, 0)), (4, 1, 2, "10.5", "6.5", (0, 1)),
                                                (5, 1, 3, 0, 0, (0, 0)), (5, 0, 0, 15, 15, (0, 0)), (3, 0, 2, "5.9", "0", (0, 0))):
    value = (12 * D(deep) + 6 * D(flat) + D(surface) + D(ulcer)) / n + 3 * sum(stenosis)
    emit("cdeis", dict(segments=n, deep_ulceration=deep, superficial_ulceration=flat, surface_involved=surface,
                       ulcerated_surface=ulcer, ulcerated_stenosis=stenosis[0], nonulcerated_stenosis=stenosis[1]), value,
         "active" if value >= 6 else "remission")
for before, after in ((300, 231), (300, 230), (300, 201), (300, 200), (300, 320)):
    drop = before - after
    emit("cdai-crohn-response", dict(before=before, after=after), drop, "CR-100" if drop >= 100 else "CR-70" if drop >= 70 else "none")
for before, after in ((10, 8), (10, 7), (10, 2)):
    emit("hbi-response", dict(before=before, after=after), before - after, "response" if before - after >= 3 else "none")
for before, after in ((10, 6), (10, 5), (7, 3), (16, 0)):
    value = 100 * (D(before) - D(after)) / D(before)
    emit("ses-cd-response", dict(before=before, after=after), value, "response" if value >= 50 else "none")

# ---- ulcerative colitis
MAYO = le(("remission", "2"), ("mild", "5"), ("moderate", "10"), "severe")
for part in product(range(4), repeat=4):
    total = sum(part)
    band = "mild" if total <= 2 and max(part) > 1 else pick(MAYO, D(total))
    emit("mayo", dict(zip(("stool_frequency", "rectal_bleeding", "endoscopy", "physician_global"), part)), total, band)
PARTIAL = le(("remission", "1"), ("mild", "4"), ("moderate", "6"), "severe")
for part in product(range(4), repeat=3):
    total = sum(part)
    emit("partial-mayo", dict(zip(("stool_frequency", "rectal_bleeding", "physician_global"), part)), total, pick(PARTIAL, D(total)))
    remission = part[0] <= 1 and part[1] == 0 and part[2] <= 1
    emit("modified-mayo", dict(zip(("stool_frequency", "rectal_bleeding", "endoscopy"), part)), total, "remission" if remission else "active")
for stools, blood in product(range(4), repeat=2):
    emit("pro2-uc", dict(stool_frequency=stools, rectal_bleeding=blood), stools + blood,
         "remission" if blood == 0 and stools <= 1 else "active")
UCEIS = le(("remission", "1"), ("mild", "4"), ("moderate", "6"), "severe")
for part in product(range(3), range(4), range(4)):
    emit("uceis", dict(zip(("vascular", "bleeding", "erosions"), part)), sum(part), pick(UCEIS, D(sum(part))))
SCCAI = [("remission", "2", "<="), ("intermediate", "5", "<"), ("active", None, "")]
for _ in range(40):
    part = [random.randint(0, high) for high in random.choice([(3, 2, 3, 3, 4, 4), (1, 1, 1, 1, 1, 0)])]
    emit("sccai", dict(zip(("day_frequency", "night_frequency", "urgency", "blood", "wellbeing", "extracolonic"), part)), sum(part),
         pick(SCCAI, D(sum(part))))
for part in ((1, 1, 1, 1, 0, 0), (1, 1, 1, 1, 1, 0), (1, 1, 1, 1, 1, 1), (1, 1, 0, 0, 0, 0), (1, 1, 1, 0, 0, 0)):
    emit("sccai", dict(zip(("day_frequency", "night_frequency", "urgency", "blood", "wellbeing", "extracolonic"), part)), sum(part),
         pick(SCCAI, D(sum(part))))
LICHTIGER = [("remission", "3", "<="), ("intermediate", "10", "<"), ("active", None, "")]
NAMES = ("stools", "nocturnal", "blood", "incontinence", "pain", "wellbeing", "tenderness", "antidiarrhoeal")
for total, part in ((3, (3, 0, 0, 0, 0, 0, 0, 0)), (4, (4, 0, 0, 0, 0, 0, 0, 0)), (9, (4, 0, 0, 0, 0, 5, 0, 0)), (10, (4, 1, 0, 0, 0, 5, 0, 0)),
                    (21, (4, 1, 3, 1, 3, 5, 3, 1)), (0, (0,) * 8)):
    assert sum(part) == total
    emit("lichtiger", dict(zip(NAMES, part)), total, pick(LICHTIGER, D(total)))
for _ in range(20):
    part = [random.randint(0, high) for high in (4, 1, 3, 1, 3, 5, 3, 1)]
    emit("lichtiger", dict(zip(NAMES, part)), sum(part), pick(LICHTIGER, D(sum(part))))
for stools, temperature, pulse, hb, esr in product((5, 6), ("37.8", "37.9"), (90, 91), ("10.4", "10.5"), (30, 31)):
    severe = stools >= 6 and (D(temperature) > D("37.8") or pulse > 90 or D(hb) < D("10.5") or esr > 30)
    emit("truelove-witts", dict(bloody_stools=stools, temperature=temperature, pulse=pulse, haemoglobin=hb, esr=esr), int(severe),
         "severe" if severe else "not severe")
for _ in range(10):
    part = [random.randint(0, 3) for _ in range(4)]
    emit("robarts", dict(zip(("chronic_infiltrate", "lamina_propria_neutrophils", "epithelial_neutrophils", "erosion_ulceration"), part)),
         part[0] + 2 * part[1] + 3 * part[2] + 5 * part[3], "-")
for score, points in (("mayo-response", 3), ("modified-mayo-response", 2)):
    for before, after, blood in product((5, 9), (2, 3, 4, 6, 7), ((2, 2), (2, 1), (3, 2), (1, 1))):
        drop = before - after
        response = drop >= points and 10 * drop >= 3 * before and (blood[0] - blood[1] >= 1 or blood[1] <= 1)
        emit(score, dict(before=before, after=after, bleeding_before=blood[0], bleeding_after=blood[1]), drop,
             "response" if response else "none")

# ---- multiple sclerosis: published points of the severity tables
for score, arguments, value in (
        ("msss", dict(edss=3, duration=5), "5.79"), ("msss", dict(edss=6, duration=10), "7.385"),
        ("msss", dict(edss=2, duration=1), "5.866"), ("msss", dict(edss="9.5", duration=0), "9.998"),
        ("msss", dict(edss=0, duration="30.9"), "0.01"), ("msss", dict(edss=3, duration="5.99"), "5.79"),
        ("msss-2017", dict(edss=3, duration=5), "6.35"), ("msss-2017", dict(edss=6, duration=10), "7.83"),
        ("msss-2017", dict(edss=0, duration=1), "0.91"), ("msss-2017", dict(edss="9.5", duration=30), "9.97"),
        ("armss", dict(edss=3, age=35), "6.63"), ("armss", dict(edss=6, age=50), "7.33"),
        ("armss", dict(edss=1, age=25), "3.24"), ("armss", dict(edss="9.5", age="75.5"), "9.97"),
        ("armss", dict(edss=0, age=18), "1.5")):
    emit(score, arguments, D(value), "-")


def edss(visual, brainstem, pyramidal, cerebellar, sensory, bowel, cerebral, walk):
    """The rules as a cascade over counts: systems at 4, 3, 2 and 1 after conversion."""
    if walk >= 3:
        return {3: D(5), 4: D("5.5"), 5: D(6), 6: D(6), 7: D(6), 8: D("6.5"), 9: D("6.5")}.get(walk, D(7) + D(walk - 10) / 2)
    systems = [{0: 0, 1: 1, 2: 2, 3: 2, 4: 3, 5: 3, 6: 4}[visual], brainstem, pyramidal, cerebellar, sensory,
               {0: 0, 1: 1, 2: 2, 3: 3, 4: 3, 5: 4, 6: 5}[bowel], cerebral]
    at = {grade: systems.count(grade) for grade in range(7)}
    if at[5] + at[6]:
        return D(5)
    if at[4]:
        if at[4] >= 2 or at[3] >= 3:
            return D(5)
        return D("4.5") if at[3] or at[2] or walk == 2 else D(4)
    if at[3] >= 6:
        return D(5)
    if walk == 2:
        return D("4.5")
    if at[3]:
        if at[3] == 5:
            return D("4.5")
        if at[3] in (3, 4) or (at[3] == 2 and at[2]):
            return D(4)
        if at[3] == 2:
            return D("3.5")
        return D(4) if at[2] >= 3 else D("3.5") if at[2] else D(3)
    if at[2]:
        return {1: D(2), 2: D("2.5"), 3: D(3), 4: D(3), 5: D("3.5")}.get(at[2], D(4))
    if walk == 1:
        return D(2)
    return D("1.5") if at[1] >= 2 else D(at[1])


SYSTEMS = ("visual", "brainstem", "pyramidal", "cerebellar", "sensory", "bowel_bladder", "cerebral", "ambulation")
for walk in range(17):
    emit("edss", dict(zip(SYSTEMS, (1, 1, 2, 1, 1, 1, 1, walk))), edss(1, 1, 2, 1, 1, 1, 1, walk), "-")
for _ in range(300):
    top = random.choice([1, 2, 3, 3, 4, 4, 6])
    part = [random.randint(0, min(high, top)) for high in (6, 5, 6, 5, 6, 6, 5)] + [random.choice([0, 0, 1, 2])]
    emit("edss", dict(zip(SYSTEMS, part)), edss(*part), "-")
for relapses, worse, t2, gd, loss in product((0, 1), (0, 1), (0, 2), (0, 1), (None, "0.4", "0.5")):
    none = relapses == worse == t2 == gd == 0 and (loss is None or D(loss) <= D("0.4"))
    arguments = dict(relapses=relapses, confirmed_worsening=worse, new_t2=t2, gd_lesions=gd)
    if loss:
        arguments["brain_volume_loss"] = loss
    emit("neda", arguments, int(none), "no evidence of disease activity" if none else "disease activity")

for relapses, t2 in product((0, 1, 2, 3), (0, 2, 3, 5, 6, 20)):
    rio = min(relapses, 2) + (t2 > 5)
    emit("modified-rio", dict(relapses=relapses, new_t2=t2), rio, ("low", "intermediate", "high", "high")[rio])
    magnims = 2 if relapses >= 2 or (relapses and t2 >= 3) else 1 if relapses or t2 >= 3 else 0
    emit("magnims", dict(relapses=relapses, new_t2=t2), magnims, ("low", "intermediate", "high")[magnims])

# ---- classification of psoriatic arthritis, histology of colitis
for inflammatory, psoriasis, nails, rf, fingers, bone in product((0, 1), (0, 1, 2), (0, 1), (0, 1), (0, 1), (0, 1)):
    points = psoriasis + nails + rf + fingers + bone
    emit("caspar", dict(inflammatory=inflammatory, psoriasis=psoriasis, nail_dystrophy=nails, rf_negative=rf, dactylitis=fingers,
                        new_bone=bone), points, "psoriatic arthritis" if inflammatory and points >= 3 else "not classified")
NANCY = ("no significant disease", "chronic, not acute", "mildly active", "moderately active", "severely active")
for ulcer, acute, chronic in product((0, 1), range(4), range(4)):
    grade = 4 if ulcer else (0, 2, 3, 3)[acute] or (0, 0, 1, 1)[chronic]
    emit("nancy", dict(ulceration=ulcer, acute_infiltrate=acute, chronic_infiltrate=chronic), grade, NANCY[grade])

# ---- the same in other units
emit("sdai", dict(tjc28=1, sjc28=1, ptga=1, phga=1, crp="1.5mg/dL"), D("5.5"), "low")
for crp in ("12", "1.2mg/dL", "12mg/l", "0.012g/L"):
    emit("dapsa", dict(tjc68=6, sjc66=2, pain=4, patient_global=4, crp=crp), D("17.2"), "moderate")
emit("truelove-witts", dict(bloody_stools=6, temperature=37, pulse=80, haemoglobin="104g/L", esr=10), 1, "severe")
emit("truelove-witts", dict(bloody_stools=6, temperature="100.5[degF]", pulse=80, haemoglobin="120g/L", esr=10), 1, "severe")
emit("truelove-witts", dict(bloody_stools=6, temperature=37, pulse="91/min", haemoglobin="8mmol/L", esr="10mm/h"), 1, "severe")
emit("cdai-crohn", dict(liquid_stools=0, pain=0, wellbeing=0, complications=0, antidiarrhoeal=0, mass=0, hct="0.40L/L", sex="m",
                        weight="70kg", standard_weight="70000g"), 42, "remission")
emit("msss", dict(edss=3, duration="66mo"), D("5.79"), "-")
emit("acr-eular-2010", dict(large_joints=0, small_joints=4, rf_acpa=1, abnormal_reactants=0, weeks="42d"), 6, "definite")

print("# SPDX-License-Identifier: Apache-2.0")
print("# Written by score_reference.py: score, arguments, value, band.")
for row in ROWS:
    print("\t".join(row))
