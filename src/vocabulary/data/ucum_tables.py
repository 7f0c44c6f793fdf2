#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ucum_prefixes.tsv and ucum_atoms.tsv from an ucum-essence.xml.

    ./ucum_tables.py ucum-essence.xml

The XML is the machine-readable form of the tables of https://ucum.org/ucum, which are copyright of Regenstrief Institute
(https://ucum.org/license); only their facts are taken: code, value, definition, and whether an atom takes prefixes, is
arbitrary, or lies on a scale of its own.
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

NAMESPACE = "{http://unitsofmeasure.org/ucum-essence}"
# The names of the essence's functions, where they differ from the one of ucum_scale.h, and their argument.
SCALES = {
    "lgTimes2": "2lg",
    "tanTimes100": "100tan",
    "Cel": "Celsius",
    "degF": "Fahrenheit",
    "degRe": "Reaumur",
}


def scale_of(value):
    function = value.find(NAMESPACE + "function")
    name = SCALES.get(function.get("name"), function.get("name"))
    unit, number = function.get("Unit"), function.get("value")
    if name in ("Fahrenheit", "Reaumur"):
        unit, number = "K", "1"  # their ratio belongs to the function
    if name == "100tan":
        unit = "rad"  # the tangent is of an angle, whatever the unit it is written in
    return name, number, unit


def main():
    here = pathlib.Path(__file__).parent
    root = ElementTree.parse(sys.argv[1]).getroot()
    version = f"UCUM {root.get('version')} ({root.get('revision-date')})"
    with open(here / "ucum_prefixes.tsv", "w", encoding="utf-8") as out:
        out.write(f"# SPDX-License-Identifier: Apache-2.0\n# code\tvalue   ({version}, by ucum_tables.py)\n")
        for prefix in root.iter(NAMESPACE + "prefix"):
            out.write(f"{prefix.get('Code')}\t{prefix.find(NAMESPACE + 'value').get('value')}\n")
    with open(here / "ucum_atoms.tsv", "w", encoding="utf-8") as out:
        out.write("# SPDX-License-Identifier: Apache-2.0\n# Facts of UCUM, https://ucum.org/license\n"
                  f"# code\tkind\tmetric\tscale\tvalue\tunit   ({version}, by ucum_tables.py)\n"
                  "# kind: base, derived, arbitrary; one unit is value * unit, or scale^-1(1) * value * unit\n")
        for base in root.iter(NAMESPACE + "base-unit"):
            out.write(f"{base.get('Code')}\tbase\tyes\t-\t1\t1\n")
        for unit in root.iter(NAMESPACE + "unit"):
            value = unit.find(NAMESPACE + "value")
            scale, number, definition = "-", value.get("value"), value.get("Unit")
            if unit.get("isSpecial") == "yes":
                scale, number, definition = scale_of(value)
            arbitrary = unit.get("isArbitrary") == "yes" and definition == "1"
            kind = "arbitrary" if arbitrary else "derived"
            out.write(f"{unit.get('Code')}\t{kind}\t{unit.get('isMetric')}\t{scale}\t{number}\t{definition}\n")


if __name__ == "__main__":
    main()
