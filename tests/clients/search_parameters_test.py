"""Search parameters that a store defines itself, over HTTP: what a client sees of them, from the definition to its end,
and what is left of a re-index when the process is killed in the middle of it."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from stack import PATIENTS, Stack  # noqa: E402

DEADLINE = 100


def definition(ident, code, kind, base, expression, **more):
    return {"resourceType": "SearchParameter", "id": ident, "url": f"http://example.org/{ident}", "name": ident,
            "status": "active", "description": code, "code": code, "type": kind,
            "base": base if isinstance(base, list) else [base], "expression": expression, **more}


def status_of(stack, ident):
    """What $reindex-status says of one definition, as a dictionary; None when it does not know it."""
    for parameter in stack.get("/fhir/$reindex-status").json()["parameter"] or []:
        parts = {p["name"]: next(v for k, v in p.items() if k != "name") for p in parameter["part"]}
        if parts["reference"] == f"SearchParameter/{ident}":
            return parts
    return None


def wait_until_active(stack, ident):
    """Every state on the way."""
    states, end = [], time.monotonic() + DEADLINE
    while time.monotonic() < end:
        states.append(status_of(stack, ident))
        if states[-1] and states[-1]["status"] == "active":
            return states
    raise AssertionError(f"{ident} is still not indexed: {states[-1]}")


class Defined(unittest.TestCase):
    """A small store; each test defines its own parameters."""

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()
        put = lambda body: cls.stack.request("PUT", f"/fhir/{body['resourceType']}/{body['id']}", body)
        for number in range(3):
            put({"resourceType": "Patient", "id": f"p{number}", "name": [{"use": "nickname", "given": [f"Nick{number}"]}],
                 "extension": [{"url": "http://example.org/nurse", "valueReference": {"reference": f"Practitioner/d{number}"}}]})
            put({"resourceType": "Practitioner", "id": f"d{number}", "name": [{"family": f"Doe{number}"}]})
        for body in (definition("nick", "nick", "string", "Patient", "Patient.name.where(use = 'nickname').given"),
                     definition("nurse", "nurse", "reference", "Patient",
                                "Patient.extension.where(url = 'http://example.org/nurse').value.ofType(Reference)",
                                target=["Practitioner"])):
            assert put(body).status == 201
            wait_until_active(cls.stack, body["id"])

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__()

    def ids(self, query):
        answer = self.stack.get("/fhir/" + query)
        self.assertEqual(answer.status, 200, answer.body)
        return [e["resource"]["resourceType"][0] + e["resource"]["id"] for e in answer.json().get("entry", [])]

    def test_is_searched_like_any_other(self):
        self.assertEqual(self.ids("Patient?nick=nick1"), ["Pp1"])
        self.assertEqual(self.ids("Patient?nurse=Practitioner/d2"), ["Pp2"])
        self.assertEqual(self.ids("Patient?_sort=-nick"), ["Pp2", "Pp1", "Pp0"])
        self.assertEqual(self.ids("Patient?_sort=nick&_filter=nick sw nick".replace(" ", "%20")), ["Pp0", "Pp1", "Pp2"])
        self.assertEqual(self.ids("Patient?_filter=nick%20eq%20nick1"), ["Pp1"])
        self.assertEqual(self.ids("Patient?_sort=nick&_filter=nick%20eq%20nick1%20or%20not%20(nick%20sw%20nick)"), ["Pp1"])
        self.assertEqual(self.ids("Patient?nick:missing=true"), [])

    def test_leads_to_others_and_back(self):
        self.assertEqual(self.ids("Patient?nurse.family=doe1"), ["Pp1"])
        self.assertEqual(self.ids("Patient?nurse:Practitioner.family=doe1"), ["Pp1"])
        self.assertEqual(self.ids("Practitioner?_has:Patient:nurse:nick=nick2"), ["Pd2"])
        self.assertEqual(self.ids("Patient?nick=nick0&_include=Patient:nurse"), ["Pp0", "Pd0"])
        self.assertEqual(self.ids("Patient?nick=nick0&_include=*"), ["Pp0", "Pd0"])
        self.assertEqual(self.ids("Practitioner?family=doe0&_revinclude=Patient:nurse"), ["Pd0", "Pp0"])
        self.assertEqual(self.ids("Patient?_filter=nurse.family%20eq%20doe1"), ["Pp1"])

    def test_is_told_in_the_capability_statement(self):
        rest = self.stack.get("/fhir/metadata").json()["rest"][0]["resource"]
        codes = [p["name"] for p in next(r for r in rest if r["type"] == "Patient")["searchParam"]]
        self.assertIn("nick", codes)

    def test_broken_definitions_are_refused_with_the_reason(self):
        for name, body, code, said in (
                ("expression", definition("x", "x", "string", "Patient", "Patient.name.("), "invalid", "expression"),
                ("element", definition("x", "x", "string", "Patient", "Patient.nothing"), "invalid", "nothing"),
                ("base", definition("x", "x", "string", "Nothing", "Nothing.name"), "value", "base"),
                ("type", definition("x", "x", "words", "Patient", "Patient.name"), "value", "type"),
                ("wrong type", definition("x", "x", "date", "Patient", "Patient.name.given"), "invalid", "Patient"),
                ("built in", definition("x", "birthdate", "date", "Patient", "Patient.birthDate"), "duplicate", "clinical|birthdate"),
                ("twice", definition("x", "nick", "string", "Patient", "Patient.name.given"), "duplicate", "SearchParameter/nick"),
                ("code", definition("x", "a b", "string", "Patient", "Patient.name.given"), "value", "code")):
            for method, address in (("PUT", "SearchParameter/x"), ("POST", "SearchParameter")):
                with self.subTest(name, method=method):
                    answer = self.stack.request(method, "/fhir/" + address, body)
                    self.assertIn(answer.status, (400, 422), answer.body)
                    issue = answer.json()["issue"][0]
                    self.assertEqual(issue["code"], code)
                    self.assertRegex(issue["diagnostics"] + " ".join(issue.get("expression", [])), said)
        self.assertEqual(self.stack.get("/fhir/SearchParameter/x").status, 404)

    def test_changes_and_ends_with_its_definition(self):
        body = definition("mine", "mine", "token", "Patient", "Patient.id")
        created = self.stack.request("POST", "/fhir/SearchParameter", {k: v for k, v in body.items() if k != "id"})
        ident = created.json()["id"]
        wait_until_active(self.stack, ident)
        self.assertEqual(self.ids("Patient?mine=p1"), ["Pp1"])
        body.update(id=ident, expression="Patient.name.use")
        self.assertEqual(self.stack.request("PUT", f"/fhir/SearchParameter/{ident}", body).status, 200)
        wait_until_active(self.stack, ident)
        self.assertEqual(self.ids("Patient?mine=p1"), [])
        self.assertEqual(len(self.ids("Patient?mine=nickname")), 3)
        self.assertEqual(self.stack.request("DELETE", f"/fhir/SearchParameter/{ident}").status, 204)
        self.assertEqual(self.stack.get("/fhir/Patient?mine=nickname").status, 400)
        self.assertIsNone(status_of(self.stack, ident))


BASES = ["Observation", "Procedure", "Encounter", "Claim", "DiagnosticReport", "ExplanationOfBenefit", "MedicationRequest"]


class Killed(unittest.TestCase):
    def test_a_reindex_goes_on_where_it_was(self):
        with Stack() as stack:
            stack.run("import", *(str(p) for p in sorted(PATIENTS.glob("*.zst"))))
            expected = stack.get("/fhir/Observation?status=final&_summary=count").json()["total"]
            self.assertGreater(expected, 1000)
            before = None
            for attempt in range(5):
                before = self.kill_in_the_middle(stack, f"state{attempt}")
                if before:
                    break
            self.assertIsNotNone(before, "a re-index was always faster than the kill")

            stack.start()
            states = wait_until_active(stack, before["code"])

            # Nothing is claimed before it is done, and nothing is done twice.
            counted = [s["resources"] for s in states if s["resources"] > 0]
            self.assertGreaterEqual(counted[0], before["resources"])
            self.assertEqual(counted, sorted(counted))
            total = stack.get(f"/fhir/Observation?{before['code']}=final&_summary=count").json()["total"]
            self.assertEqual(total, expected)

    def kill_in_the_middle(self, stack, code):
        """The last state that was seen; None when it was done before."""
        body = definition(code, code, "token", BASES, " | ".join(f"{base}.status" for base in BASES))
        self.assertEqual(stack.request("PUT", f"/fhir/SearchParameter/{code}", body).status, 201)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            state = status_of(stack, code)
            if state["status"] == "active":
                return None
            if state["resources"] > 0:
                refused = stack.get(f"/fhir/Observation?{code}=final")
                now = status_of(stack, code)
                stack.kill()
                if now["status"] == "active":
                    stack.start()
                    return None
                self.assertGreaterEqual(refused.status, 400)
                self.assertIn("is being indexed", refused.json()["issue"][0]["diagnostics"])
                self.assertRegex(refused.json()["issue"][0]["diagnostics"], r"\d % done")
                self.assertLess(float(now["percent"]), 100)
                return now
        raise AssertionError("the re-index did not begin")


if __name__ == "__main__":
    unittest.main(verbosity=2)
