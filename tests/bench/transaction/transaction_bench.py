"""One transaction of 25,000 entries (60 MB) through the whole stack, beside another writer.

Prints how long it takes, the peak memory of the server, and the longest that the other writer had to
wait for one of its own changes meanwhile. An argument is another number of entries.
"""
import json
import pathlib
import re
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "integration"))
from stack import PATIENTS, Stack  # noqa: E402

ENTRIES = 25_000
BYTES = 60_000_000


def bundles(pattern):
    for path in sorted(PATIENTS.glob(pattern)):
        yield subprocess.run(["zstd", "-dc", str(path)], check=True, capture_output=True, text=True).stdout


def entries(count):
    """So many entries of the sample patients, again and again under new ids, without line breaks."""
    texts = [text for text in bundles("*.zst") if '"transaction"' in text]
    out, turn = [], 0
    while len(out) < count:
        for text in texts:
            # Ids that another turn does not have; references inside the bundle follow.
            again = re.sub(r"urn:uuid:[0-9a-f]{8}", lambda m, t=turn: f"{m[0][:9]}{int(m[0][9:], 16) ^ t:08x}", text)
            for entry in json.loads(again)["entry"]:
                entry["request"].pop("ifNoneExist", None)
                out.append(json.dumps(entry, separators=(",", ":"), ensure_ascii=False))
        turn += 1
    return out[:count]


def pad(texts, total):
    """Fills narratives until the bundle has about so many bytes: real ones carry text."""
    short = total - sum(map(len, texts))
    each = max(0, short // len(texts))
    words = ("seen in clinic and reviewed; no new concern was raised; plan agreed with the patient. " * 60)[:each]
    note = json.dumps({"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{words}</div>'})
    if not each:
        return texts
    return [t.replace('"resource":{', '"resource":{"text":' + note + ",", 1)
            if '"text":{"status"' not in t else t for t in texts]


class OtherWriter(threading.Thread):
    """Changes one resource after the other; remembers the longest wait."""

    def __init__(self, stack):
        super().__init__()
        self.stack, self.waits, self.stopped, self.failed = stack, [], False, []

    def run(self):
        number = 0
        while not self.stopped:
            number += 1
            body = {"resourceType": "Basic", "id": f"other{number % 50}", "code": {"text": str(number)}}
            started = time.monotonic()
            answer = self.stack.request("PUT", f"/fhir/Basic/{body['id']}", body)
            self.waits.append(time.monotonic() - started)
            if answer.status not in (200, 201):
                self.failed.append(answer.status)


def post(stack, path):
    """By curl, so that this process has the time to be the other writer."""
    return subprocess.run(
        ["curl", "-sS", "-o", str(path) + ".answer", "-w", "%{http_code}", "-H", "Content-Type: application/fhir+json",
         "--data-binary", f"@{path}", f"http://{stack.http}/fhir"], check=True, capture_output=True, text=True).stdout


def peak(stack):
    status = pathlib.Path(f"/proc/{stack.process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    with Stack() as stack:
        for text in bundles("0-*.zst"):
            stack.request("POST", "/fhir", text)
        texts = pad(entries(count), BYTES * count // ENTRIES)
        path = pathlib.Path(stack.data) / "bundle.json"
        path.write_text('{"resourceType":"Bundle","type":"transaction","entry":[' + ",".join(texts) + "]}",
                        encoding="utf-8")
        size = path.stat().st_size
        del texts
        before = peak(stack)
        other = OtherWriter(stack)
        other.start()
        started = time.monotonic()
        status = post(stack, path)
        seconds = time.monotonic() - started
        other.stopped = True
        other.join()
        if status != "200" or other.failed:
            raise SystemExit(f"answered {status}, other writer {other.failed[:3]}: "
                             + pathlib.Path(str(path) + ".answer").read_text(encoding="utf-8")[:500])
        waits = sorted(other.waits)
        print(f"transaction, {count} entries, {size / 1e6:.0f} MB   {seconds:8.1f} s    ({count / seconds:.0f} entries/s)")
        print(f"peak memory of it               {peak(stack):8.0f} MiB  (goal < 512; before it {before:.0f})")
        print(f"longest wait of another writer  {waits[-1] * 1000:8.0f} ms   (goal <= 250; {len(waits)} changes beside it,"
              f" p99 {waits[len(waits) * 99 // 100] * 1000:.0f} ms)")


if __name__ == "__main__":
    main()
