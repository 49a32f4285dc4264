"""Every interaction of FHIR R4 http.html over HTTP, as tables of requests and answers."""
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
from stack import Stack  # noqa: E402
from steps import ABSENT, Runner, step  # noqa: E402

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
ONE = 'W/"1"'


def patient(identifier=None, **members):
    out = {"resourceType": "Patient", **members}
    if identifier:
        out["identifier"] = [{"system": "urn:ids", "value": identifier}]
    return out


def operation(kind, path, **parts):
    values = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    for name, value in parts.items():
        values.append({"name": name, **value} if isinstance(value, dict) else
                      {"name": name, "valueInteger" if isinstance(value, int) else "valueString": value})
    return {"name": "operation", "part": values}


def fhir_patch(*operations):
    return {"resourceType": "Parameters", "parameter": list(operations)}


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(request, resource=None, full_url=None, **more):
    method, url = request.split(" ", 1)
    out = {"request": {"method": method, "url": url, **more}}
    if resource:
        out["resource"] = resource
    if full_url:
        out["fullUrl"] = full_url
    return out


SCENARIOS = {
    "create": [
        step("POST Patient", patient("c1", id="mine"), status=201, json={"meta.versionId": "1"},
             header={"etag": 'W/"1"', "location": r"http://\S+/fhir/Patient/[^/]+/_history/1", "last-modified": r".+ GMT"},
             save={"id": "id"}),
        step("GET Patient/$id", status=200, json={"id": "$id", "identifier.0.value": "c1"}),
        step("GET Patient/mine", status=404, issue="not-found"),
        step("POST Patient", {"resourceType": "Observation"}, status=400, issue="invalid"),
        step("POST Patient", "{", status=400, issue="structure"),
        step("POST Patient", '{"resourceType":"Patient","id":"a","id":"b"}', status=400, issue="structure"),
        step("POST Patient", "", status=400),
        step("POST Nothing", {"resourceType": "Nothing"}, status=404),
        step("POST Patient", "x", headers={"Content-Type": "text/plain"}, status=415),
        step("POST Patient", patient(), headers={"Prefer": "return=minimal"}, status=201, empty=True),
        step("POST Patient", patient(), headers={"Prefer": "return=OperationOutcome"}, status=201, issue="informational"),
    ],
    "conditional create": [
        step("POST Patient", patient("cc"), headers={"If-None-Exist": "identifier=urn:ids|cc"}, status=201, save={"id": "id"}),
        step("POST Patient", patient("cc"), headers={"If-None-Exist": "identifier=urn:ids|cc"}, status=200, json={"id": "$id"},
             header={"etag": 'W/"1"', "location": None}),
        step("POST Patient", patient("cc"), status=201),
        step("POST Patient", patient("cc"), headers={"If-None-Exist": "identifier=urn:ids|cc"}, status=412,
             issue="multiple-matches"),
        step("POST Patient", patient("cc"), headers={"If-None-Exist": "nonsense=1"}, status=400),
        step("POST Patient", patient("cc"), headers={"If-None-Exist": "?"}, status=400),
    ],
    "update": [
        step("PUT Patient/u", patient(id="u"), status=201, header={"etag": 'W/"1"', "location": r"\S+/Patient/u/_history/1"}),
        step("PUT Patient/u", patient(id="u", active=True), status=200, header={"etag": 'W/"2"'}),
        step("PUT Patient/u", patient(id="u", active=True), status=200, header={"etag": 'W/"2"'}),
        step("PUT Patient/u", patient(id="v"), status=400, issue="value"),
        step("PUT Patient/u", patient(), status=400, issue="required"),
        step("PUT Patient/a_b", patient(id="a_b"), status=(400, 404)),
        step("PUT Patient/u", patient(id="u"), headers={"If-Match": ONE}, status=412, issue="conflict"),
        step("PUT Patient/u", patient(id="u"), headers={"If-Match": 'W/"x"'}, status=412, issue="conflict"),
        step("PUT Patient/u", patient(id="u"), headers={"If-Match": "2"}, status=400, issue="value"),
        step("PUT Patient/u", patient(id="u"), headers={"If-Match": 'W/"2"'}, status=200, header={"etag": 'W/"3"'}),
        step("PUT Patient/u", patient(id="u", active=False), headers={"If-Match": "*"}, status=200, header={"etag": 'W/"4"'}),
        step("PUT Patient/new", patient(id="new"), headers={"If-Match": "*"}, status=412, issue="conflict"),
        step("PUT Patient/u", patient(id="u"), headers={"If-None-Match": "*"}, status=412, issue="conflict"),
        step("PUT Patient/new", patient(id="new"), headers={"If-None-Match": "*"}, status=201),
        step("DELETE Patient/u", status=204, header={"etag": 'W/"5"'}),
        step("PUT Patient/u", patient(id="u"), headers={"If-Match": 'W/"5"'}, status=412),
        step("PUT Patient/u", patient(id="u"), status=201, header={"etag": 'W/"6"'}),
    ],
    "conditional update": [
        step("PUT Patient?identifier=cu", patient("cu"), status=201, save={"id": "id"}),
        step("PUT Patient?identifier=cu", patient("cu", active=True), status=200, json={"id": "$id", "meta.versionId": "2"}),
        step("PUT Patient?identifier=cu", patient("cu", id="$id", active=False), status=200, json={"meta.versionId": "3"}),
        step("PUT Patient?identifier=cu", patient("cu", id="other"), status=400, issue="value"),
        step("PUT Patient?identifier=cu2", patient("cu2", id="chosen"), status=201, json={"id": "chosen"}),
        step("PUT Patient?identifier=cu", patient("cu"), headers={"If-Match": 'W/"1"'}, status=412),
        step("POST Patient", patient("cu"), status=201),
        step("PUT Patient?identifier=cu", patient("cu"), status=412, issue="multiple-matches"),
        step("PUT Patient", patient("cu"), status=400),
        step("PUT Patient?nonsense=1", patient("cu"), status=400),
    ],
    "conditional read": [
        step("PUT Patient/cr", patient(id="cr"), status=201, save={"date": "header:last-modified (.+)"}),
        step("GET Patient/cr", headers={"If-None-Match": ONE}, status=304, empty=True, header={"etag": 'W/"1"'}),
        step("GET Patient/cr", headers={"If-None-Match": 'W/"7", W/"1"'}, status=304),
        step("GET Patient/cr", headers={"If-None-Match": "*"}, status=304),
        step("GET Patient/cr", headers={"If-None-Match": 'W/"2"'}, status=200),
        step("GET Patient/cr", headers={"If-Modified-Since": "$date"}, status=304),
        step("GET Patient/cr", headers={"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, status=200),
        step("GET Patient/cr", headers={"If-Modified-Since": "nonsense"}, status=200),
        step("GET Patient/cr", headers={"If-None-Match": 'W/"2"', "If-Modified-Since": "$date"}, status=200),
        step("HEAD Patient/cr", status=200, empty=True, header={"etag": 'W/"1"'}),
    ],
    "json patch": [
        step("PUT Patient/jp", '{"resourceType":"Patient","id":"jp","multipleBirthInteger":2,'
             '"extension":[{"url":"http://x","valueDecimal":1.10}]}', status=201),
        step("PATCH Patient/jp", [{"op": "add", "path": "/active", "value": True}], headers=JSON_PATCH, status=200,
             header={"etag": 'W/"2"', "content-location": r"\S+/Patient/jp/_history/2"},
             json={"active": True, "": re.compile(r'1\.1')}),
        step("PATCH Patient/jp", [{"op": "test", "path": "/active", "value": False}], headers=JSON_PATCH, status=422,
             issue="processing"),
        step("PATCH Patient/jp", [{"op": "replace", "path": "/id", "value": "x"}], headers=JSON_PATCH, status=422,
             issue="processing"),
        step("PATCH Patient/jp", [{"op": "fly", "path": "/id"}], headers=JSON_PATCH, status=400, issue="invalid"),
        step("PATCH Patient/jp", "[", headers=JSON_PATCH, status=400, issue="structure"),
        step("PATCH Patient/jp", "[]", headers={"Content-Type": "text/plain"}, status=415),
        step("PATCH Patient/nobody", "[]", headers=JSON_PATCH, status=404),
        step("PATCH Patient/jp", [{"op": "remove", "path": "/active"}], headers={**JSON_PATCH, "If-Match": ONE}, status=412),
        step("PATCH Patient/jp", [{"op": "remove", "path": "/active"}], headers={**JSON_PATCH, "If-Match": 'W/"2"',
             "Prefer": "return=minimal"}, status=200, empty=True, header={"etag": 'W/"3"'}),
        step("PATCH Patient/jp", [{"op": "add", "path": "/active", "value": True}],
             headers={**JSON_PATCH, "Prefer": "return=OperationOutcome"}, status=200, issue="informational"),
        step("DELETE Patient/jp", status=204),
        step("PATCH Patient/jp", "[]", headers=JSON_PATCH, status=410, issue="deleted"),
    ],
    "fhirpath patch": [
        step("PUT Patient/fp", patient("fp", id="fp"), status=201),
        step("PATCH Patient/fp", fhir_patch(operation("add", "Patient", name="birthDate", value={"valueDate": "1970-01-01"}),
                                            operation("insert", "Patient.identifier", index=0,
                                                      value={"valueIdentifier": {"value": "first"}})),
             status=200, json={"birthDate": "1970-01-01", "identifier.0.value": "first", "identifier.1.value": "fp"}),
        step("PATCH Patient/fp", fhir_patch(operation("delete", "Patient.nothing..x")), status=400, issue="invalid"),
        step("PATCH Patient/fp", fhir_patch(operation("replace", "Patient.gender", value={"valueCode": "male"})), status=422,
             issue="processing"),
        step("PATCH Patient/fp", patient(), status=400),
        step("PATCH Patient?identifier=fp", fhir_patch(operation("delete", "Patient.birthDate")), status=200,
             json={"birthDate": ABSENT, "meta.versionId": "3"}),
        step("PATCH Patient?identifier=none", fhir_patch(operation("delete", "Patient.birthDate")), status=404),
        step("POST Patient", patient("fp"), status=201),
        step("PATCH Patient?identifier=fp", fhir_patch(operation("delete", "Patient.birthDate")), status=412,
             issue="multiple-matches"),
        step("PATCH Patient", fhir_patch(), status=400),
    ],
    "delete": [
        step("DELETE Patient/d", status=204),
        step("PUT Patient/d", patient("d", id="d"), status=201),
        step("DELETE Patient/d", headers={"If-Match": 'W/"2"'}, status=412),
        step("DELETE Patient/d", headers={"If-Match": ONE}, status=204, empty=True, header={"etag": 'W/"2"'}),
        step("GET Patient/d", status=410, issue="deleted"),
        step("GET Patient/d/_history/1", status=200),
        step("GET Patient/d/_history/2", status=410),
        step("GET Patient/d/_history/3", status=404),
        step("DELETE Patient/d", status=204),
        step("GET Patient?identifier=d", status=200, json={"total": 0}),
        step("DELETE Patient?identifier=d", status=204),
        step("DELETE Patient", status=(400, 405)),
        step("POST Patient", patient("dd"), status=201, save={"id": "id"}),
        step("DELETE Patient?identifier=dd", headers={"Prefer": "return=OperationOutcome"}, status=200, issue="informational"),
        step("GET Patient/$id", status=410),
        step("POST Patient", patient("ddd"), status=201),
        step("POST Patient", patient("ddd"), status=201),
        step("DELETE Patient?identifier=ddd", status=412, issue="multiple-matches"),
    ],
    "history": [
        step("PUT Basic/h", {"resourceType": "Basic", "id": "h"}, status=201, save={"t1": "meta.lastUpdated"}),
        step("PUT Basic/h", {"resourceType": "Basic", "id": "h", "created": "2020-01-01"}, status=200),
        step("DELETE Basic/h", status=204),
        step("PUT Basic/i", {"resourceType": "Basic", "id": "i"}, status=201, save={"t2": "meta.lastUpdated"}),
        step("GET Basic/h/_history", status=200,
             json={"type": "history", "total": 3, "entry.#": 3, "entry.0.request.method": "DELETE", "entry.0.resource": ABSENT,
                   "entry.0.response.status": re.compile("^204"), "entry.1.request.method": "PUT",
                   "entry.1.response.status": re.compile("^200"), "entry.2.response.status": re.compile("^201"),
                   "entry.2.response.etag": ONE, "entry.1.resource.created": "2020-01-01"}),
        step("GET Basic/_history", status=200, json={"entry.#": 4, "entry.0.resource.id": "i"}),
        step("GET _history?_count=1", status=200, json={"entry.#": 1, "link": re.compile("next")}),
        step("GET Basic/_history?_count=3", status=200, json={"entry.#": 3, "link.1.relation": "next"},
             save={"next": "link.1.url"}),
        step("GET $next_path", status=200, json={"entry.#": 1, "entry.0.resource.id": "h"}),
        step("GET Basic/_history?_since=$t2", status=200, json={"entry.0.resource.id": "i"}),
        step("GET Basic/h/_history?_at=$t1", status=200, json={"entry.#": re.compile("[123]")}),
        step("GET Basic/h/_history?_at=1999", status=200, json={"entry": ABSENT}),
        step("GET Basic/_history?_since=2999-01-01T00:00:00Z", status=200, json={"entry": ABSENT}),
        step("GET Basic/_history?_since=nonsense", status=400, issue="value"),
        step("GET Basic/_history?_count=x", status=400, issue="value"),
        step("GET Basic/_history?nonsense=1", status=400, issue="not-supported"),
        step("GET Basic/nobody/_history", status=404),
        step("GET Nothing/_history", status=404),
    ],
    "transaction": [
        step("POST ", bundle("transaction",
                             entry("POST Patient", patient("t1"), "urn:uuid:11111111-1111-4111-8111-111111111111"),
                             entry("POST Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
                                                        "subject": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"}}),
                             entry("PUT Patient/t2", patient("t2", id="t2")),
                             entry("GET Patient?identifier=t1")),
             status=200, json={"type": "transaction-response", "entry.0.response.status": re.compile("^201"),
                               "entry.0.response.etag": ONE, "entry.0.response.location": re.compile("Patient/[^/]+/_history/1$"),
                               "entry.3.resource.total": 1, "entry.3.resource.type": "searchset"},
             save={"patient": "entry.3.resource.entry.0.resource.id"}),
        step("GET Observation?subject=Patient/$patient", status=200, json={"total": 1}),
        step("POST ", bundle("transaction", entry("PUT Patient/t2", patient(id="t2")), entry("PUT Patient/t2", patient(id="t2"))),
             status=400, issue="duplicate"),
        step("POST ", bundle("transaction", entry("DELETE Patient/t2"), entry("POST Patient", {"resourceType": "Group"})),
             status=400, json={"issue.0.expression.0": re.compile(r"Bundle\.entry\[1\]")}),
        step("GET Patient/t2", status=200, json={"meta.versionId": "1"}),
        step("POST ", bundle("transaction",
                             entry("POST Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "y"},
                                                        "subject": {"reference": "Patient?identifier=t2"}})),
             status=200, headers={"Prefer": "return=representation"}, json={"entry.0.resource.subject.reference": "Patient/t2"}),
        step("POST ", bundle("transaction",
                             entry("POST Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "y"},
                                                        "subject": {"reference": "Patient?identifier=nobody"}})),
             status=412, issue="not-found"),
        step("POST ", bundle("transaction",
                             entry("POST Patient", patient("t3"), ifNoneExist="identifier=t3"),
                             entry("PUT Patient?identifier=t4", patient("t4")), entry("DELETE Patient?identifier=t2"),
                             entry("DELETE Patient/nobody")),
             status=200, json={"entry.0.response.status": re.compile("^201"), "entry.1.response.status": re.compile("^201"),
                               "entry.2.response.status": re.compile("^204"), "entry.3.response.status": re.compile("^204")}),
        step("POST ", bundle("transaction", entry("PUT Patient?identifier=t4", patient("t4", active=True)),
                             entry("PATCH Patient?identifier=t3", fhir_patch(
                                 operation("add", "Patient", name="active", value={"valueBoolean": True})))),
             status=200, headers={"Prefer": "return=representation"}, json={"entry.0.resource.meta.versionId": "2", "entry.1.resource.active": True}),
        step("POST ", bundle("transaction", entry("PUT Patient/t10", patient(id="t10")), entry("GET Patient/t10"),
                             entry("DELETE Patient/t11")),
             headers={"Prefer": "return=OperationOutcome"}, status=200,
             json={"entry.0.response.outcome.issue.0.code": "informational", "entry.0.resource": ABSENT,
                   "entry.1.response.outcome": ABSENT, "entry.1.resource.id": "t10",
                   "entry.2.response.outcome.issue.0.diagnostics": "deleted"}),
        step("POST ", bundle("collection"), status=400),
        step("POST ", bundle("transaction", entry("PUT Patient/t8", patient(id="t8")), entry("POST ValueSet/$lookup")),
             status=501, json={"issue.0.expression.0": re.compile(r"Bundle\.entry\[1\]")}),
        step("GET Patient/t8", status=404),
        step("POST ", bundle("transaction", entry("PUT Patient/t9", patient(id="t9"), ifMatch='W/"3"')), status=412),
        step("POST ", bundle("transaction"), status=200, json={"type": "transaction-response"}),
    ],
    "batch": [
        step("POST ", bundle("batch", entry("GET Patient/b"), entry("PUT Patient/b", patient("b", id="b")), entry("DELETE Patient/bb"),
                             entry("POST Patient", {"resourceType": "Group"}), entry("GET Patient/b/_history"),
                             entry("GET Patient/b/_history/1"), entry("PATCH Patient/b", fhir_patch(
                                 operation("add", "Patient", name="active", value={"valueBoolean": True}))),
                             entry("GET Patient/b", ifNoneMatch='W/"2"'), entry("HEAD Patient/b"),
                             entry("POST Patient/$nothing"), entry("GET http://elsewhere.org/fhir/Patient/1")),
             status=200,
             json={"type": "batch-response", "entry.#": 11, "entry.0.resource.active": True,
                   "entry.1.response.status": re.compile("^201"), "entry.2.response.status": re.compile("^204"),
                   "entry.3.response.status": re.compile("^400"), "entry.3.response.outcome.resourceType": "OperationOutcome",
                   "entry.4.resource.type": "history", "entry.5.resource.meta.versionId": "1",
                   "entry.6.response.status": re.compile("^200"), "entry.7.response.status": re.compile("^304"),
                   "entry.8.response.status": re.compile("^200"), "entry.9.response.status": re.compile("^501"),
                   "entry.10.response.status": re.compile("^400")}),
    ],
    "reads in a batch": [
        step("PUT Patient/rb", patient("rb", id="rb", active=True, birthDate="1970-01-01"), status=201),
        step("PUT Observation/rb", {"resourceType": "Observation", "id": "rb", "status": "final", "code": {"text": "x"},
                                    "subject": {"reference": "Patient/rb"}}, status=201),
        step("GET Patient/rb?_elements=birthDate", status=200, json={"birthDate": "1970-01-01", "active": ABSENT}),
        step("GET Patient/rb?_summary=text", status=200, json={"birthDate": ABSENT}),
        step("POST ", bundle("batch", entry("GET metadata"), entry("GET Patient/rb?_elements=birthDate"),
                             entry("GET Patient/rb?_summary=text"), entry("GET Patient?identifier=rb&_elements=active"),
                             entry("GET Patient/rb/Observation?status=final"), entry("GET Patient/rb/*?_count=1"),
                             entry("POST Patient/rb/Observation", {"resourceType": "Observation"}),
                             entry("GET Patient/rb/Nothing"), entry("GET Patient?nonsense=1"),
                             entry("GET Patient/rb?nonsense=1")),
             status=200,
             json={"entry.0.resource.resourceType": "CapabilityStatement", "entry.0.resource.fhirVersion": "4.0.1",
                   "entry.0.resource.rest.#": 1,
                   "entry.1.resource.birthDate": "1970-01-01", "entry.1.resource.active": ABSENT,
                   "entry.2.resource.birthDate": ABSENT,
                   "entry.3.resource.link.0.url": re.compile(r"^http://[^/]+/fhir/Patient\?identifier=rb&_elements=active"),
                   "entry.3.resource.entry.0.fullUrl": re.compile("^http://[^/]+/fhir/Patient/rb$"),
                   "entry.3.resource.entry.0.resource.active": True,
                   "entry.3.resource.entry.0.resource.birthDate": ABSENT,
                   "entry.4.resource.total": 1, "entry.4.resource.entry.0.resource.id": "rb",
                   "entry.4.resource.link.0.url": re.compile("/fhir/Patient/rb/Observation"),
                   "entry.5.resource.entry.#": 1, "entry.5.response.outcome.issue.0.code": "incomplete",
                   "entry.6.response.status": re.compile("^400"), "entry.7.response.status": re.compile("^404"),
                   "entry.8.response.status": re.compile("^400"), "entry.9.response.status": re.compile("^400")}),
        step("POST ", bundle("batch", entry("GET Patient?nonsense=1&identifier=rb")),
             headers={"Prefer": "handling=lenient"}, status=200,
             json={"entry.0.response.status": re.compile("^200"), "entry.0.resource.total": 1,
                   "entry.0.resource.link.0.url": re.compile(r"\?identifier=rb$")}),
    ],
    "search by post": [
        step("POST Patient", patient("sp"), status=201),
        step("POST Patient/_search", "identifier=sp", headers={"Content-Type": "application/x-www-form-urlencoded"}, status=200,
             json={"total": 1, "type": "searchset"}),
        step("POST Patient/_search?identifier=sp", "", headers={"Content-Type": "application/x-www-form-urlencoded"}, status=200,
             json={"total": 1}),
        step("POST Patient/_search", {"a": 1}, status=415),
    ],
    "a repeated request": [
        step("POST Patient", patient("rr"), headers={"X-Request-Id": "request-7"}, status=201, save={"id": "id"}),
        step("POST Patient", patient("rr"), headers={"X-Request-Id": "request-7"}, status=201, json={"id": "$id"}),
        step("POST Patient", patient("rr2"), headers={"X-Request-Id": "request-7"}, status=201),
        step("GET Patient?identifier=rr", status=200, json={"total": 1}),
    ],
    "addresses": [
        step("GET Nothing", status=404),
        step("GET Patient/b/nothing", status=404),
        step("PUT ", "{}", status=405, header={"allow": ".*POST.*"}),
        step("DELETE metadata", status=405),
        step("GET metadata", status=200, json={"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
                                               "patchFormat.#": 2,
                                               # What the default configuration does.
                                               "rest.0.resource.0.conditionalDelete": "single"}),
        step("GET Patient?_format=xml", status=406),
        step("OPTIONS Patient/1", status=204, header={"allow": ".*PATCH.*"}),
    ],
}


class Interactions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack().start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.__exit__()

    def test_scenarios(self):
        chosen = os.environ.get("SCENARIO")
        for name, steps in SCENARIOS.items():
            if chosen and name != chosen:
                continue
            with self.subTest(name):
                runner = Runner(self, self.stack)
                for number, each in enumerate(steps):
                    runner.run_one(each, f"{name}, step {number}: {each.method} {each.address}")
                    if "next" in runner.saved:
                        runner.saved["next_path"] = runner.saved["next"].split("/fhir/", 1)[1]


if __name__ == "__main__":
    unittest.main(verbosity=2)
