#!/usr/bin/env python3
"""Derives code-systems.tsv from the package hl7.fhir.r4.core 4.0.1 (see ../model/ORIGIN.md).

usage: generate.py FOLDER    FOLDER holds the unpacked JSON files of the package

One line per element of type code whose required binding allows codes of exactly one system: its
path and that system, the implied system of a token (FHIR R4 search.html#token).
"""
import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def load(folder, prefix):
    for path in sorted(glob.glob(os.path.join(folder, prefix + "-*.json"))):
        with open(path, encoding="utf-8") as file:
            yield json.load(file)


def systems_of(value_set, value_sets, depth=0):
    """Systems that a value set draws from; None when that cannot be told."""
    found = set()
    for include in value_set.get("compose", {}).get("include", []):
        if "system" in include:
            found.add(include["system"])
        for url in include.get("valueSet", []):
            nested = value_sets.get(url.split("|")[0])
            if nested is None or depth > 5:
                return None
            inner = systems_of(nested, value_sets, depth + 1)
            if inner is None:
                return None
            found |= inner
    return found


def main():
    folder = sys.argv[1]
    value_sets = {v["url"]: v for v in load(folder, "ValueSet") if "url" in v}
    lines = set()
    for definition in load(folder, "StructureDefinition"):
        if definition.get("derivation") == "constraint" or definition["kind"] == "logical":
            continue
        for element in definition["snapshot"]["element"]:
            binding = element.get("binding", {})
            codes = [t["code"] for t in element.get("type", [])]
            if codes != ["code"] or binding.get("strength") != "required":
                continue
            value_set = value_sets.get(binding.get("valueSet", "").split("|")[0])
            systems = systems_of(value_set, value_sets) if value_set else None
            if systems and len(systems) == 1:
                lines.add(element["path"] + "\t" + systems.pop())
    with open(os.path.join(HERE, "code-systems.tsv"), "w", encoding="utf-8", newline="\n") as out:
        out.write("\n".join(sorted(lines)) + "\n")


if __name__ == "__main__":
    main()
