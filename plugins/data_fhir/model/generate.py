#!/usr/bin/env python3
"""Derives the tables of this folder from the package hl7.fhir.r4.core 4.0.1 (see ORIGIN.md).

usage: generate.py FOLDER    FOLDER holds the unpacked JSON files of the package

elements.tsv            a line `@NAME BASE KIND` opens a type, one line per own element follows:
                        name, types joined by |, min, max, S if it is a summary element. `name[x]`
                        is a choice; a type may carry its reference targets:
                        Reference(Patient,Group)
search-parameters.tsv   code, type, bases, url, expression, targets, comparators, modifiers,
                        multipleOr, multipleAnd, components (`url=expression && ...`)
compartments.tsv        compartment, resource type, parameter codes
URLs lose the common prefix http://hl7.org/fhir/ (and SearchParameter/ in the second table).
"""
import glob
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
PARAMETER = "http://hl7.org/fhir/SearchParameter/"
SYSTEM_TYPE = "http://hl7.org/fhirpath/System."


def load(folder, prefix):
    for path in sorted(glob.glob(os.path.join(folder, prefix + "-*.json"))):
        with open(path, encoding="utf-8") as file:
            yield json.load(file)


def tail(url, prefix):
    return url[len(prefix):] if url.startswith(prefix) else url


def type_name(definition_type, element):
    """The FHIR type of one entry of ElementDefinition.type."""
    code = definition_type["code"]
    if code.startswith(SYSTEM_TYPE):  # Only `id`: Resource.id is an id, Element.id a string.
        return "id" if element["base"]["path"] == "Resource.id" else "string"
    targets = [tail(url, DEFINITION) for url in definition_type.get("targetProfile", [])]
    return code + ("(" + ",".join(sorted(targets)) + ")" if targets else "")


def element_types(element):
    if "contentReference" in element:
        return element["contentReference"].split("#", 1)[1]
    names = [type_name(t, element) for t in element["type"]]
    # An element with children of its own is a type named by its path.
    if names in (["BackboneElement"], ["Element"]):
        return element["path"]
    return "|".join(dict.fromkeys(names))


def is_own(element):
    return element["path"] == element.get("base", {}).get("path", element["path"])


def write_type(out, name, base, kind, elements):
    out.append("\t".join(["@" + name, base, kind]))
    depth = name.count(".") + 1
    for element in elements:
        path = element["path"]
        if path.startswith(name + ".") and path.count(".") == depth and is_own(element):
            fields = [path.rsplit(".", 1)[1], element_types(element),
                      str(element["min"]), element["max"]]
            out.append("\t".join(fields + (["S"] if element.get("isSummary") else [])))


def structure_lines(folder):
    out = []
    for definition in load(folder, "StructureDefinition"):
        constrained = definition.get("derivation") == "constraint"
        if definition["kind"] == "logical" or constrained:
            continue
        kind = {"primitive-type": "primitive", "complex-type": "complex"}.get(
            definition["kind"], definition["kind"])
        if definition["abstract"]:
            kind = "abstract " + kind
        elements = definition["snapshot"]["element"]
        if kind == "primitive":
            elements = []
        base = tail(definition.get("baseDefinition", ""), DEFINITION)
        write_type(out, definition["type"], base, kind, elements)
        for element in elements:
            codes = [t["code"] for t in element.get("type", [])]
            if "." in element["path"] and codes in (["BackboneElement"], ["Element"]):
                write_type(out, element["path"], codes[0], "backbone", elements)
    # Quantity's named profiles are used as types in paths and `is` (R4 datatypes.html#quantity).
    for profile in ("MoneyQuantity", "SimpleQuantity"):
        out.append("\t".join(["@" + profile, "Quantity", "complex"]))
    return out


def parameter_lines(folder):
    out = []
    for parameter in load(folder, "SearchParameter"):
        if "base" not in parameter or parameter["id"].startswith("example"):
            continue
        components = [tail(c["definition"], PARAMETER) + "=" + c["expression"]
                      for c in parameter.get("component", [])]
        flag = {True: "1", False: "0", None: ""}
        fields = [parameter["code"], parameter["type"], ",".join(parameter["base"]),
                  tail(parameter["url"], PARAMETER), parameter.get("expression", ""),
                  ",".join(parameter.get("target", [])),
                  ",".join(parameter.get("comparator", [])),
                  ",".join(parameter.get("modifier", [])),
                  flag[parameter.get("multipleOr")], flag[parameter.get("multipleAnd")],
                  " && ".join(components)]
        out.append("\t".join(" ".join(field.split()) for field in fields).rstrip("\t"))
    return out


def compartment_lines(folder):
    out = []
    for compartment in load(folder, "CompartmentDefinition"):
        if compartment["id"] == "example":
            continue
        for resource in compartment["resource"]:
            # {def} stands for the resource that is the compartment.
            codes = [code for code in resource.get("param", []) if code != "{def}"]
            if codes:
                out.append("\t".join([compartment["code"], resource["code"], ",".join(codes)]))
    return sorted(out)


def write(name, lines):
    with open(os.path.join(HERE, name), "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")


def main():
    folder = sys.argv[1]
    write("elements.tsv", structure_lines(folder))
    write("search-parameters.tsv", parameter_lines(folder))
    write("compartments.tsv", compartment_lines(folder))


if __name__ == "__main__":
    main()
