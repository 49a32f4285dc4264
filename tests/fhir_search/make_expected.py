#!/usr/bin/env python3
"""Writes expected.tsv: questions to the sample patients and their answers.

usage: make_expected.py FOLDER    FOLDER holds the sample patients (examples/quickstart/patients)

The answers come from the resources by brute force and from the words of FHIR R4 search.html, not
from the product: this file shares nothing with it. A line is query, count and the SHA-256 over the
sorted "Type/id" of the matches, joined by newlines. Needs the zstd command.
"""
import calendar
import datetime
import glob
import hashlib
import json
import os
import random
import subprocess
import sys
import unicodedata
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
UTC = datetime.timezone.utc
random.seed(20)


def load(folder):
    resources, names = [], {}
    for path in sorted(glob.glob(os.path.join(folder, "*.json.zst"))):
        text = subprocess.run(["zstd", "-dc", path], check=True, capture_output=True).stdout
        bundle = json.loads(text, parse_float=Decimal)
        for entry in bundle["entry"]:
            resource = entry["resource"]
            name = resource["resourceType"] + "/" + resource["id"]
            names[entry["fullUrl"]] = name
            for identifier in as_list(resource.get("identifier")):
                key = resource["resourceType"] + "?identifier=" + identifier.get("system", "")
                names[key + "|" + identifier.get("value", "")] = name
            resources.append(resource)
    for resource in resources:
        resolve(resource, names)
    return resources


def resolve(node, names):
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            node["reference"] = names.get(node["reference"], node["reference"])
        for child in node.values():
            resolve(child, names)
    elif isinstance(node, list):
        for child in node:
            resolve(child, names)


def as_list(value):
    return [] if value is None else value if isinstance(value, list) else [value]


def at(resource, path):
    found = [resource]
    for name in path.split("."):
        found = [x for f in found if isinstance(f, dict) for x in as_list(f.get(name))]
    return found


# ---- values -----------------------------------------------------------------------------------

def codings(value):
    if isinstance(value, bool):
        return [(None, str(value).lower())]
    if not isinstance(value, dict):
        return [(None, value)]
    if "coding" in value:
        return [(c.get("system"), c.get("code")) for c in value["coding"]]
    return [(value.get("system"), value.get("code", value.get("value")))]


def fold(text):
    plain = "".join(c for c in unicodedata.normalize("NFKD", text)
                    if not unicodedata.combining(c))
    return " ".join(plain.casefold().split())


def span(text):
    """[low, high) of a date of any precision."""
    if len(text) == 4:
        return start(int(text), 1, 1), start(int(text) + 1, 1, 1)
    if len(text) == 7:
        year, month = int(text[:4]), int(text[5:])
        days = calendar.monthrange(year, month)[1]
        low = start(year, month, 1)
        return low, low + datetime.timedelta(days=days)
    if len(text) == 10:
        low = start(*(int(part) for part in text.split("-")))
        return low, low + datetime.timedelta(days=1)
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    unit = datetime.timedelta(milliseconds=1) if "." in text else datetime.timedelta(seconds=1)
    return moment, moment + unit


def start(year, month, day):
    return datetime.datetime(year, month, day, tzinfo=UTC)


def spans(value):
    if isinstance(value, str):
        return [span(value)]
    low = span(value["start"])[0] if "start" in value else start(1, 1, 1)
    high = span(value["end"])[1] if "end" in value else start(9999, 12, 31)
    return [(low, high)]


def date_matches(prefix, wanted, have):
    inside = wanted[0] <= have[0] and have[1] <= wanted[1]
    return {"": inside, "eq": inside, "ne": not inside, "gt": have[1] > wanted[1],
            "lt": have[0] < wanted[0], "ge": have[1] > wanted[1] or inside,
            "le": have[0] < wanted[0] or inside, "sa": have[0] >= wanted[1],
            "eb": have[1] <= wanted[0]}[prefix]


# ---- parameters: where each looks ---------------------------------------------------------------

TOKENS = {"Patient": {"identifier": ["identifier"], "active": ["active"]},
          "Observation": {"code": ["code"], "category": ["category"],
                          "combo-code": ["code", "component.code"],
                          "value-concept": ["valueCodeableConcept"]},
          "Condition": {"code": ["code"], "clinical-status": ["clinicalStatus"]},
          "Encounter": {"class": ["class"], "type": ["type"]},
          "Procedure": {"code": ["code"]},
          "MedicationRequest": {"code": ["medicationCodeableConcept"]},
          "Immunization": {"vaccine-code": ["vaccineCode"]}}
STRINGS = {"Patient": {"family": ["name.family"], "given": ["name.given"],
                       "address-city": ["address.city"],
                       "name": ["name.family", "name.given", "name.prefix", "name.suffix"]},
           "Organization": {"name": ["name", "alias"]}}
DATES = {"Patient": {"birthdate": ["birthDate"], "death-date": ["deceasedDateTime"]},
         "Observation": {"date": ["effectiveDateTime", "effectivePeriod"]},
         "Encounter": {"date": ["period"]},
         "Procedure": {"date": ["performedDateTime", "performedPeriod"]},
         "Condition": {"onset-date": ["onsetDateTime"], "abatement-date": ["abatementDateTime"]},
         "CarePlan": {"date": ["period"]}}
REFERENCES = {"Observation": {"patient": ["subject"], "encounter": ["encounter"]},
              "Encounter": {"patient": ["subject"]},
              "Condition": {"patient": ["subject"], "encounter": ["encounter"]},
              "Claim": {"patient": ["patient"]}}


def values(resource, paths):
    return [value for path in paths for value in at(resource, path)]


class Questions:
    def __init__(self, resources):
        self.by_type = {}
        for resource in resources:
            self.by_type.setdefault(resource["resourceType"], []).append(resource)
        self.lines = {}

    def add(self, query, type_name, holds):
        names = sorted(type_name + "/" + r["id"] for r in self.by_type[type_name] if holds(r))
        digest = hashlib.sha256("\n".join(names).encode()).hexdigest()
        self.lines[query] = "%s\t%d\t%s" % (query, len(names), digest)

    def sample(self, type_name, paths, count):
        found = [v for r in self.by_type[type_name] for v in values(r, paths)]
        return random.sample(found, min(count, len(found)))


def token_holds(paths, test):
    return lambda r: any(test(*c) for v in values(r, paths) for c in codings(v))


def tokens(q):
    for type_name, parameters in TOKENS.items():
        for code, paths in parameters.items():
            for value in q.sample(type_name, paths, 5):
                pairs = codings(value)
                if not pairs:
                    continue
                system, name = pairs[0]
                head = type_name + "?" + code
                by_code = token_holds(paths, lambda s, c, n=name: c == n)
                q.add(head + "=" + name, type_name, by_code)
                q.add(head + ":not=" + name, type_name, lambda r, f=by_code: not f(r))
                q.add(head + "=|" + name, type_name,
                      token_holds(paths, lambda s, c, n=name: s is None and c == n))
                if system:
                    q.add(head + "=" + system + "|" + name, type_name,
                          token_holds(paths, lambda s, c, n=name, y=system: (s, c) == (y, n)))
                    q.add(head + "=" + system + "|", type_name,
                          token_holds(paths, lambda s, c, y=system: s == y))
            present = lambda r, p=paths: bool(values(r, p))
            q.add(type_name + "?" + code + ":missing=false", type_name, present)
            q.add(type_name + "?" + code + ":missing=true", type_name,
                  lambda r, f=present: not f(r))


def strings(q):
    for type_name, parameters in STRINGS.items():
        for code, paths in parameters.items():
            for value in q.sample(type_name, paths, 4):
                word = value[:3]
                q.add("%s?%s=%s" % (type_name, code, word.upper()), type_name,
                      lambda r, w=word, p=paths: any(fold(v).startswith(fold(w))
                                                     for v in values(r, p)))
                q.add("%s?%s:exact=%s" % (type_name, code, value), type_name,
                      lambda r, w=value, p=paths: w in values(r, p))
                q.add("%s?%s:contains=%s" % (type_name, code, value[1:4].strip()), type_name,
                      lambda r, w=value[1:4].strip(), p=paths: any(fold(w) in fold(v)
                                                                   for v in values(r, p)))


def dates(q):
    for type_name, parameters in DATES.items():
        for code, paths in parameters.items():
            for value in q.sample(type_name, paths, 2):
                text = value if isinstance(value, str) else value["start"]
                # Days and years without a zone mean UTC: 4, 7 and 10 characters, and seconds.
                moment = span(text)[0].astimezone(UTC)
                for wanted in sorted({moment.strftime(f) for f in ("%Y", "%Y-%m-%d")}):
                    for prefix in ("", "ne", "gt", "lt", "ge", "le", "sa", "eb"):
                        q.add("%s?%s=%s%s" % (type_name, code, prefix, wanted), type_name,
                              lambda r, x=prefix, w=wanted, p=paths: any(
                                  date_matches(x, span(w), s)
                                  for v in values(r, p) for s in spans(v)))


def references(q):
    for type_name, parameters in REFERENCES.items():
        for code, paths in parameters.items():
            for value in q.sample(type_name, paths, 4):
                target = value["reference"]
                refers = lambda r, t=target, p=paths: any(v.get("reference") == t
                                                          for v in values(r, p))
                q.add("%s?%s=%s" % (type_name, code, target), type_name, refers)
                q.add("%s?%s=%s" % (type_name, code, target.split("/")[1]), type_name, refers)


def quantities(q):
    for value in q.sample("Observation", ["valueQuantity"], 12):
        number, unit = value["value"], value["code"]
        low, high = number - Decimal(1), number + Decimal(1)
        have = lambda r: [v for v in values(r, ["valueQuantity"]) if "value" in v]
        q.add("Observation?value-quantity=gt%s" % number, "Observation",
              lambda r, n=number: any(v["value"] > n for v in have(r)))
        q.add("Observation?value-quantity=le%s||%s" % (number, unit), "Observation",
              lambda r, n=number, u=unit: any(v["value"] <= n and u in (v.get("code"), v.get("unit"))
                                              for v in have(r)))
        q.add("Observation?value-quantity=gt%s&value-quantity=lt%s" % (low, high), "Observation",
              lambda r, a=low, b=high: any(v["value"] > a for v in have(r))
              and any(v["value"] < b for v in have(r)))


def combinations(q):
    for patient in random.sample(q.by_type["Patient"], 5):
        me = "Patient/" + patient["id"]
        mine = lambda r, m=me: any(v.get("reference") == m for v in values(r, ["subject"]))
        vital = token_holds(["category"], lambda s, c: c == "vital-signs")
        since = lambda r: any(date_matches("ge", span("2010"), s)
                              for v in values(r, DATES["Observation"]["date"]) for s in spans(v))
        q.add("Observation?patient=%s&category=vital-signs" % me, "Observation",
              lambda r, m=mine: m(r) and vital(r))
        q.add("Observation?patient=%s&date=ge2010&category=vital-signs,laboratory" % me,
              "Observation", lambda r, m=mine: m(r) and since(r) and token_holds(
                  ["category"], lambda s, c: c in ("vital-signs", "laboratory"))(r))
        family = patient["name"][0]["family"]
        same = {"Patient/" + p["id"] for p in q.by_type["Patient"]
                if any(fold(f).startswith(fold(family)) for f in values(p, ["name.family"]))}
        q.add("Condition?patient.family=" + family, "Condition",
              lambda r, s=same: any(v.get("reference") in s for v in values(r, ["subject"])))
        q.add("Patient/%s/Condition?_total=none" % patient["id"], "Condition",
              lambda r, m=me: any(v.get("reference") == m
                                  for v in values(r, ["subject", "asserter"])))
    for value in q.sample("Condition", ["code"], 4):
        system, code = codings(value)[0]
        who = {v.get("reference") for r in q.by_type["Condition"] for v in values(r, ["subject"])
               if (system, code) in codings(r["code"])}
        q.add("Patient?_has:Condition:patient:code=%s|%s" % (system, code), "Patient",
              lambda r, w=who: "Patient/" + r["id"] in w)


def main():
    questions = Questions(load(sys.argv[1]))
    for ask in (tokens, strings, dates, references, quantities, combinations):
        ask(questions)
    with open(os.path.join(HERE, "expected.tsv"), "w", encoding="utf-8", newline="\n") as out:
        out.write("\n".join(questions.lines.values()) + "\n")


if __name__ == "__main__":
    main()
