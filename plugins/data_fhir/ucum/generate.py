#!/usr/bin/env python3
"""Derives units.tsv from ucum-essence.xml (see NOTICE.md).

usage: generate.py ucum-essence.xml
One line per prefix (P), base unit (B) and unit (U): kind, code, value, unit, flags.
Flags: m metric (takes prefixes), a arbitrary (no relation to other units), and the name of the
function of a special unit.
"""
import os
import sys
import xml.etree.ElementTree as ElementTree

NS = "{http://unitsofmeasure.org/ucum-essence}"


def unit_line(unit):
    value = unit.find(NS + "value")
    function = value.find(NS + "function")
    source = function if function is not None else value
    number = source.get("value")
    flags = ("m" if unit.get("isMetric") == "yes" else "") + (
        "a" if unit.get("isArbitrary") == "yes" else "")
    name = function.get("name") if function is not None else ""
    return "\t".join(["U", unit.get("Code"), number, source.get("Unit"), flags, name]).rstrip("\t")


def main():
    root = ElementTree.parse(sys.argv[1]).getroot()
    lines = ["\t".join(["P", p.get("Code"), p.find(NS + "value").get("value")])
             for p in root.findall(NS + "prefix")]
    lines += ["\t".join(["B", b.get("Code"), "1", b.get("Code"), "m"])
              for b in root.findall(NS + "base-unit")]
    lines += [unit_line(unit) for unit in root.findall(NS + "unit")]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "units.tsv")
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
