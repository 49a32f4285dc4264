"""The operators' port over real sockets: what it serves, to whom, and what it refuses."""
import http.client
import pathlib
import re
import tempfile
import unittest
import urllib.parse

from stack import ROOT, Answer, Stack


class OperatorsPort(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(stack_file=str(ROOT / "examples/stacks/memory.yaml")).start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def ask(self, method, path, body=None, port=None, **headers):
        connection = http.client.HTTPConnection(port or self.stack.admin, timeout=30)
        try:
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def form(self, path, **fields):
        """A form as a browser sends it: with the cookie and the token of the page."""
        page = self.ask("GET", "/slots/viewer/swap")
        cookie = page.headers["set-cookie"].split(";")[0]
        token = re.search(rb'name="token" value="([0-9a-f]+)"', page.body)[1].decode()
        return self.ask("POST", path, urllib.parse.urlencode({"token": token, **fields}), Cookie=cookie)

    def test_each_port_has_its_own_pages_and_menu(self):
        console = self.ask("GET", "/")
        viewer = self.ask("GET", "/", port=self.stack.http)

        self.assertIn(b"All 5 slots serve", console.body)
        self.assertNotIn(b"Find a patient", console.body)
        self.assertIn(b"Find a patient", viewer.body)
        self.assertNotIn(b"/packages", viewer.body)
        self.assertEqual(self.ask("GET", "/fhir/Patient").status, 404)
        self.assertEqual(self.ask("GET", "/changes", port=self.stack.http).status, 404)

    def test_a_foreign_name_of_this_machine_is_refused(self):
        self.assertEqual(self.ask("GET", "/", Host="console.example").status, 421)

    def test_a_page_of_another_site_cannot_change_anything(self):
        for origin in ("http://evil.example", "null", f"http://{self.stack.http}.evil.example"):
            answer = self.ask("POST", "/slots/viewer/swap/now", "package=x", Origin=origin)
            self.assertEqual(answer.status, 403, origin)

    def test_a_form_without_its_token_changes_nothing(self):
        before = self.stack.run("changes").stdout
        answer = self.ask("POST", "/slots/viewer/swap/now", "package=service_record_viewer")

        self.assertEqual(answer.status, 403)
        self.assertIn(b"Nothing was changed", answer.body)
        self.assertEqual(self.stack.run("changes").stdout, before)

    def test_a_plan_shows_what_would_happen(self):
        answer = self.form("/slots/viewer/swap", package="service_record_viewer", config='{"product": "A<b>"}')

        self.assertEqual(answer.status, 200, answer.body)
        self.assertIn(b"Settings that differ: product.", answer.body)
        self.assertIn(b"A&lt;b&gt;", answer.body)
        self.assertNotIn(b"A<b>", answer.body)

    def test_events_do_not_keep_their_connection(self):
        answer = self.ask("GET", "/live", Accept="text/event-stream")

        self.assertEqual(answer.headers["content-type"], "text/event-stream; charset=utf-8")
        self.assertIn("content-length", answer.headers)
        self.assertTrue(answer.body.startswith(b"retry: 1000\ndata: "))

    def test_status_says_where_the_console_is(self):
        self.assertIn(self.stack.admin, self.stack.run("status").stdout)


class WithoutTheRight(unittest.TestCase):
    def test_the_core_is_not_given_by_itself(self):
        yaml = "stack: x\nslots:\n  console: {plugin: service_console}\n"
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "stack.yaml")
            file.write_text(yaml, encoding="utf-8")
            with self.assertRaises(AssertionError) as refused:
                Stack(stack_file=str(file)).start()
        self.assertIn("requires: {core: core}", str(refused.exception))


if __name__ == "__main__":
    unittest.main()
