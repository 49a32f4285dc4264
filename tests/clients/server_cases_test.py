"""Bundles and resources of another server's tests (tests/fixtures/fhir-server-cases), posted to the real program."""
import gzip
import json
import pathlib
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "integration"))
from stack import Stack  # noqa: E402

# The status of each entry, in order; or the status of the whole and the code of the issue.
BUNDLES = {
    "Normative__Bundle-Batch": [201, 201, 201, 201, 412, 204, 204, 501, 200, 404],
    "Normative__Bundle-BatchWithConditionalUpdateByIdentifier": [201, 201, 201, 201],
    "Normative__Bundle-BatchWithDuplicatedItems": [200, 200, 200, 200, 204, 204, 501, 200, 404],
    "Normative__Bundle-BinaryPatch": [201, 200],
    "Normative__Bundle-FhirPatch": [200, 200, 200],
    "Normative__Bundle-MissingIdentifier": [400],
    "Normative__Bundle-TransactionWithAllValidRoutes": [201, 201, 201, 200, 200, 200],
    "Normative__Bundle-TransactionWithConditionalReferenceReferringToSameResource": (400, "duplicate"),
    "Normative__Bundle-TransactionWithConditionalUpdateAndReference": [200, 201],
    "Normative__Bundle-TransactionWithForeignReferenceInResourceBody": [201],
    "Normative__Bundle-TransactionWithInvalidBundleEntry": (400, "structure"),
    "Normative__Bundle-TransactionWithInvalidProcessingRoutes": (501, "not-supported"),
    "Normative__Bundle-TransactionWithInvalidResourceType": (400, "value"),
    "Normative__Bundle-TransactionWithMetaHistory": [201],
    "Normative__Bundle-TransactionWithMultipleEntriesModifyingSameResource": (400, "required"),
    "Normative__Bundle-TransactionWithPOSTFullUrlMatchesWithPUTRequestUrl": [200, 201],
    "R4__Bundle-ChainingSortAndSearchValidation": [201] * 29,
    "rest__BundleForGets": [200] * 10,
    "rest__BundleTransaction": [201, 201, 200],
}


def cases(folder):
    with gzip.open(TESTS / "fixtures/fhir-server-cases/cases.ndjson.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            if case["name"].startswith(folder + "/"):
                yield pathlib.PurePath(case["name"]).stem, case["text"]


class ServerCases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__()

    def test_bundles(self):
        tested = 0
        for name, text in cases("bundle"):
            if name not in BUNDLES:
                continue
            tested += 1
            with self.subTest(name):
                answer = self.stack.request("POST", "/fhir/", text)
                body = answer.json()
                expected = BUNDLES[name]
                if isinstance(expected, tuple):
                    self.assertEqual((answer.status, body["issue"][0]["code"]), expected)
                else:
                    self.assertEqual(answer.status, 200, body)
                    self.assertEqual([int(e["response"]["status"][:3]) for e in body["entry"]], expected, body)
        self.assertEqual(tested, len(BUNDLES))

    def test_patches_of_bundles_took_effect(self):
        patient = self.stack.get("/fhir/Patient/9F746C86-48B4-424D-9F92-1E46215E35D5").json()

        self.assertEqual(patient["gender"], "female")
        races = [e["valueCoding"]["code"] for extension in patient["extension"]
                 for e in extension.get("extension", []) if e["url"] == "ombCategory"]
        self.assertIn("2054-5", races)

    def test_resources_come_back_as_they_were(self):
        for name, text in cases("other"):
            resource = json.loads(text)
            if resource["resourceType"] == "Bundle":
                continue
            with self.subTest(name):
                resource.pop("id", None)
                created = self.stack.request("POST", "/fhir/" + resource["resourceType"], resource)
                self.assertEqual(created.status, 201, created.body)
                stored = created.json()
                for each in (stored, resource):
                    each.pop("id", None)
                    each.get("meta", {}).pop("versionId", None)
                    each.get("meta", {}).pop("lastUpdated", None)
                    if not each.get("meta"):
                        each.pop("meta", None)
                self.assertEqual(stored, resource)


if __name__ == "__main__":
    unittest.main(verbosity=2)
