#!/usr/bin/python3
"""Isolated plugins killed (SIGKILL) at random under load: how long until a new write is served, and
what became of the others.
    kill_bench.py [ROUNDS]        each round: a fresh stack, each of its processes killed four times"""
import json
import os
import pathlib
import random
import signal
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests/integration"), str(ROOT / "tests/isolation")]
from load import Load  # noqa: E402
from stack import Stack, eventually  # noqa: E402

STACK_FILE = str(ROOT / "examples/stacks/isolated.yaml")
KILLS = 4  # The fifth within a minute would be its quarantine.


def slot_of(stack, name):
    slots = json.loads(stack.run("status", "--json", check=False).stdout)["slots"]
    return next(slot for slot in slots if slot["name"] == name)


def kill(stack, slot, number):
    """Seconds from the signal to the answer of the first write that is asked for afterwards."""
    before = slot_of(stack, slot)
    body = {"resourceType": "Basic", "id": f"probe-{slot}-{number}", "code": {"text": "probe"}}
    os.kill(before["pid"], signal.SIGKILL)
    killed = time.monotonic()
    status = stack.request("PUT", f"/fhir/Basic/{body['id']}", body).status
    took = time.monotonic() - killed
    assert status == 201, status
    if not eventually(lambda: slot_of(stack, slot)["restarts"] == before["restarts"] + 1):
        raise AssertionError(f"{slot} was not restarted")
    return took


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    dice = random.Random(9)
    took = {"hosting": [], "record": []}
    acknowledged = lost = created = not_once = 0
    failed = []
    for _ in range(rounds):
        with Stack(stack_file=STACK_FILE) as stack:
            with Load(stack) as load:
                for number in range(KILLS):
                    for slot, times in took.items():
                        load.wait_for(20)
                        time.sleep(dice.uniform(0, 0.05))
                        times.append(kill(stack, slot, number))
                        assert stack.get("/fhir/metadata").status == 200  # The rest serves.
            acknowledged += len(load.acknowledged)
            lost += len(load.lost())
            created += len(load.created)
            not_once += len(load.not_once())
            failed += load.failed
    for slot, times in took.items():
        print(f"{slot:8s} killed {len(times)} times: back after {statistics.median(times):.3f} s "
              f"(median), {max(times):.3f} s at most; goal 1 s")
    print(f"         {acknowledged} writes acknowledged, lost {lost}, each read and searched for; "
          f"requests refused {len(failed)}")
    print(f"         {created} records created by POST and in transactions, "
          f"lost or doubled {not_once}")
    for what in failed:
        print(f"         ! {what}")
    slowest = max(max(times) for times in took.values())
    sys.exit(0 if lost == 0 and not_once == 0 and not failed and slowest <= 1 else 1)


if __name__ == "__main__":
    main()
