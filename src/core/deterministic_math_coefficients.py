#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Prints the coefficients of deterministic_math_kernels.h and deterministic_special.cc: polynomials through
# Chebyshev points, computed with 80 digits and rounded to doubles. Needs mpmath.
#
#   python3 deterministic_math_coefficients.py
from mpmath import (mp, mpf, cos, pi, exp, log, atan, atanh, sqrt, erfc, loggamma, bernoulli, matrix, lu_solve,
                    psi, findroot, tan)

mp.dps = 80


def fit(function, low, high, degree):
    """The polynomial of `degree` through Chebyshev points of [low, high], lowest power first."""
    count = degree + 1
    nodes = [(low + high) / 2 + (high - low) / 2 * cos(pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    powers = matrix(count, count)
    for i, node in enumerate(nodes):
        for j in range(count):
            powers[i, j] = node**j
    return list(lu_solve(powers, matrix([function(node) for node in nodes])))


def error(function, coefficients, low, high):
    """Largest absolute difference between the function and the rounded polynomial."""
    worst = mpf(0)
    for i in range(1, 400):
        x = low + (high - low) * i / 400
        value = sum(mpf(float(c)) * x**j for j, c in enumerate(coefficients))
        worst = max(worst, abs(value - function(x)))
    return worst


def show(name, function, low, high, degree):
    low, high = mpf(low), mpf(high)
    coefficients = fit(function, low, high, degree)
    print(f"// [{mp.nstr(low, 5)}, {mp.nstr(high, 5)}], largest error {mp.nstr(error(function, coefficients, low, high), 2)}")
    table(name, coefficients)


def table(name, values):
    print(f"inline constexpr double {name}[] = {{")
    texts = [float(v).hex() for v in values]
    for i in range(0, len(texts), 4):
        print("    " + ", ".join(texts[i:i + 4]) + ("," if i + 4 < len(texts) else "};"))
    print()


def parts(name, value, bits=(None, None)):
    """The value as a sum of doubles; a part cut to `bits` significant bits where given."""
    rest = value
    for i, b in enumerate(bits):
        part = mpf(float(rest))
        if b:
            scale = mpf(2)**(b - 1 - int(mp.floor(log(abs(rest), 2))))
            part = mp.nint(rest * scale) / scale
        print(f"{name}[{i}] = {float(part).hex()}")
        rest -= part


def mills_scaled(u):
    """(1 + t) (1 - Phi(t)) e^(t^2 / 2) at t = 5 (1 + u) / (1 - u)."""
    t = 5 * (1 + u) / (1 - u)
    if t > 10**6:
        return (1 + t) / t / sqrt(2 * pi) * (1 - 1 / t**2 + 3 / t**4 - 15 / t**6)
    return (1 + t) / 2 * exp(t * t / 2) * erfc(t / sqrt(2))


def main():
    parts("ln 2", log(2), (32, 53, None))
    parts("1 / ln 2", 1 / log(2))
    parts("1 / ln 10", 1 / log(10))
    parts("log10 2", log(2) / log(10))
    parts("pi / 2", pi / 2, (33, 33, 33, None))
    parts("1 / 3", mpf(1) / 3)
    parts("1 / sqrt(2 pi)", 1 / sqrt(2 * pi))
    parts("ln sqrt(2 pi)", log(2 * pi) / 2)
    for c in ("0.5", "1", "1.5"):
        parts(f"atan {c}", atan(mpf(c)))
    show("kExpTail", lambda r: (exp(r) - 1 - r) / r**2 if r else mpf(1) / 2, -0.3467, 0.3467, 11)
    show("kLogTail", lambda z: 2 * (atanh(sqrt(z)) / sqrt(z) - 1) / z, mpf("1e-30"), 0.02945, 7)
    show("kLogPairTail", lambda z: (atanh(sqrt(z)) / sqrt(z) - 1 - z / 3) / z**2, mpf("1e-18"), 0.02945, 7)
    show("kArcTanTail", lambda z: (atan(sqrt(z)) / sqrt(z) - 1) / z, mpf("1e-18"), mpf(49) / 256, 11)
    show("kTanTail", lambda z: (tan(sqrt(z)) / sqrt(z) - 1) / z, mpf("1e-18"), mpf("0.6169"), 15)
    show("kCentralCdf", lambda z: (erfc(-sqrt(z / 2)) - 1) / 2 / sqrt(z), mpf("1e-18"), mpf("0.5625"), 10)
    show("kMills", mills_scaled, -1, 1 - mpf("1e-30"), 24)
    show("kLogGamma2", lambda z: loggamma(2 + z) / z if abs(z) > 1e-30 else psi(0, 2), -0.75, 0.5, 21)
    table("kStirling", [bernoulli(2 * n) / (2 * n * (2 * n - 1)) for n in range(1, 11)])
    table("kDigammaSeries", [bernoulli(2 * n) / (2 * n) for n in range(1, 11)])
    table("kTrigammaSeries", [bernoulli(2 * n) for n in range(1, 11)])
    root = findroot(lambda x: psi(0, x), mpf("1.4616"))
    parts("digamma root", root)
    show("kDigammaRoot", lambda d: psi(0, root + d) / d if abs(d) > 1e-30 else psi(1, root), -0.5501, 0.5501, 25)


if __name__ == "__main__":
    main()
