"""Runs the real `strata` for a test: `with Stack() as stack:` gives its addresses and its log."""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
STRATA = os.environ.get("STRATA_BINARY", str(ROOT / "build/release/bin/strata"))
PATIENTS = ROOT / "examples/quickstart/patients"
READY = re.compile(r"http://(?P<http>\S+?)/? .*grpc (?P<grpc>\S+) .*operators http://(?P<admin>\S+?)/")


def eventually(condition, seconds=60):
    """Whether `condition()` comes true within `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Answer:
    """Status, headers (lower case) and body of an HTTP answer."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self, **options):
        return json.loads(self.body, **options)


class Stack:
    """One running stack on free ports, with its own data folder unless `data` names one."""

    def __init__(self, data=None, args=(), stack_file=None, grpc="127.0.0.1:0"):
        self._own = None if data else tempfile.mkdtemp(prefix="strata-test-")
        self.data = data or self._own
        self._args = list(args)
        self._stack_file = stack_file
        self._listen = grpc
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        if self._own:
            shutil.rmtree(self._own, ignore_errors=True)

    def start(self):
        self.log_path = os.path.join(self.data, "test.log")
        os.makedirs(self.data, exist_ok=True)
        command = [STRATA, "up"] + ([self._stack_file] if self._stack_file else [])
        command += ["--http", "127.0.0.1:0", "--grpc", self._listen, "--data", self.data] + self._args
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        match = READY.search(line)
        if not match:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no ready line, but {line!r}; log:\n{self.log()}")
        self.http = match["http"]
        self.grpc = match["grpc"]
        self.admin = match["admin"]
        return self

    def stop(self):
        """SIGTERM; gives the exit code."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        self.process = None
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def log(self):
        return pathlib.Path(self.log_path).read_text(encoding="utf-8", errors="replace")

    def run(self, *args, check=True):
        """A `strata` command against this stack."""
        environment = dict(os.environ, STRATA_AT=self.grpc)
        result = subprocess.run([STRATA, *args], env=environment, capture_output=True, text=True,
                                timeout=120, check=False)
        if check and result.returncode != 0:
            raise AssertionError(f"strata {args}: {result.returncode}\n{result.stdout}{result.stderr}")
        return result

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.http, timeout=30)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            if isinstance(body, str):
                body = body.encode()
            all_headers = {"Content-Type": "application/fhir+json"} if body is not None else {}
            connection.request(method, path, body, {**all_headers, **(headers or {})})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def search(self, path):
        """All entries of a search, page by page."""
        entries = []
        while path:
            bundle = self.get(path).json()
            assert bundle["resourceType"] == "Bundle", bundle
            entries += bundle.get("entry", [])
            following = [l["url"] for l in bundle.get("link", []) if l["relation"] == "next"]
            path = None
            if following:
                url = urllib.parse.urlsplit(following[0])
                path = url.path + "?" + url.query
        return entries
