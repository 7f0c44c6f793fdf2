#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes fhir_r4.tsv, the types and elements of FHIR R4, from the tables of the npm package "fhirpath".

    npm install fhirpath && ./fhir_r4.py node_modules/fhirpath/fhir-context/r4

One line for each type, and for each element with elements of its own (Patient.contact): path, parent type, and the
elements that the parent does not have: name=type, or name=path where a line says what is in it, or name=a|b for a
choice (value[x]).
"""
import json
import pathlib
import sys

NESTED = ("BackboneElement", "Element")


def main():
    tables = pathlib.Path(sys.argv[1])
    load = lambda name: json.loads((tables / name).read_text())
    types = {path: (t["code"] if isinstance(t, dict) else t) for path, t in load("path2Type.json").items()}
    parents, choices, elsewhere = load("type2Parent.json"), load("choiceTypePaths.json"), load("pathsDefinedElsewhere.json")
    names = set(parents) | set(parents.values())

    def type_name(name):
        lowered = name[0].lower() + name[1:]
        return lowered if lowered in names else name

    lines = {}
    for path, kind in types.items():
        parent, _, name = path.rpartition(".")
        if not parent or parent[0].islower():  # a primitive's value is the node itself
            continue
        if kind == "System.String":
            kind = ("id" if parent in names and "Resource" in ancestors(parent, parents) else "string") if name == "id" else "uri"
        if kind in NESTED and path not in elsewhere and any(p.startswith(path + ".") for p in types):
            lines.setdefault(path, {})
            kind = path
        lines.setdefault(parent, {})[name] = elsewhere.get(path, kind)
    for path, target in elsewhere.items():
        parent, _, name = path.rpartition(".")
        lines.setdefault(parent, {})[name] = target
    for path, alternatives in choices.items():
        parent, _, name = path.rpartition(".")
        elements = lines.setdefault(parent, {})
        for alternative in alternatives:
            elements.pop(name + alternative[0].upper() + alternative[1:], None)
        elements[name] = "|".join(type_name(a) for a in alternatives)
    for name in names - {"MetadataResource"}:
        lines.setdefault(name, {})
    lines.pop("MetadataResource", None)
    if "Element" in lines:
        lines["Element"]["id"] = "string"
    lines["Resource"].update({"id": "id", "meta": "Meta", "implicitRules": "uri", "language": "code"})

    def parent_of(path):
        return parents.get(path) or (types.get(path, "") if "." in path else "")

    def inherited(path):
        found, parent = {}, parent_of(path)
        while parent:
            found = {**lines.get(parent, {}), **found}
            parent = parent_of(parent)
        return found

    with open(pathlib.Path(__file__).parent / "fhir_r4.tsv", "w", encoding="utf-8") as out:
        out.write("# SPDX-License-Identifier: Apache-2.0\n# path\tparent\telements   (FHIR R4, by fhir_r4.py)\n")
        for path in sorted(lines):
            above = inherited(path)
            own = [f"{n}={t}" for n, t in sorted(lines[path].items()) if above.get(n) != t]
            out.write(f"{path}\t{parent_of(path)}\t{' '.join(own)}\n")


def ancestors(name, parents):
    found = set()
    while name:
        found.add(name)
        name = parents.get(name)
    return found


if __name__ == "__main__":
    main()
