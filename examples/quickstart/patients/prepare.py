#!/usr/bin/env python3
"""Makes the sample patients of this folder from Synthea's FHIR R4 bundles.

Usage: prepare.py BUNDLES_FOLDER        (writes *.json.zst beside this script; needs the zstd command)

The bundles stay as Synthea wrote them, but for two things: white space between tokens is left out,
and each patient is given an NHS number from the range that is never issued to a person (999 ...,
with a valid modulus 11 check digit), so that they can be found as a patient in England would be.
Numbers keep their lexemes.
"""
import json
import pathlib
import re
import subprocess
import sys

FILES = [
    "0-hospitalInformation1625911868739", "0-practitionerInformation1625911868739",
    "8a4c9c04", "085e81c0", "d1193889", "19625ee6", "beb53716", "e1dbcb04", "83c9c542", "f804dced",
    "d6149fdd", "5d2a2d08", "b3664f86", "e1404dc3", "0ef7a3b5", "451e7c69", "24d82e9b", "98f6377c",
    "da203ade", "acd56837", "cdb9464f", "b08d10a2",
]


def nhs_number(index):
    """The index-th number of the test range 999 xxx xxxx that has a check digit."""
    found = 0
    for body in range(999000100, 999999999, 7):
        digits = [int(d) for d in str(body)]
        check = (11 - sum(d * w for d, w in zip(digits, range(10, 1, -1))) % 11) % 11
        if check == 10:
            continue
        if found == index:
            return f"{body}{check}"
        found += 1
    raise ValueError("out of test numbers")


def main():
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(__file__).parent
    patients = 0
    for prefix in FILES:
        (path,) = source.glob(prefix + "*.json")
        text = path.read_text(encoding="utf-8")
        bundle = json.loads(text, parse_float=lambda s: {"$lexeme": s})
        for entry in bundle["entry"]:
            resource = entry["resource"]
            if resource["resourceType"] == "Patient":
                resource["identifier"].insert(0, {
                    "system": "https://fhir.nhs.uk/Id/nhs-number", "value": nhs_number(patients)})
                patients += 1
        out = json.dumps(bundle, ensure_ascii=False, separators=(",", ":"))
        name = target / (path.stem + ".json.zst")
        subprocess.run(["zstd", "-q", "-19", "--ultra", "-f", "-o", str(name)],
                       input=restore_lexemes(out).encode(), check=True)


def restore_lexemes(text):
    """A fraction was read as an object that holds its text: write it as it was."""
    return re.sub(r'\{"\$lexeme":"([^"]+)"\}', r"\1", text)


if __name__ == "__main__":
    main()
