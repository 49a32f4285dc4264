#!/usr/bin/python3
"""Concurrent clients of FHIR and of a store over one long run of swaps of each layer, killed processes
and live moves, and over another one of moves of the record from one store to the next and back; then
whether the history of each key is linearizable (tests/history).
    history_bench.py [SECONDS]        of each of the two"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
TEST = ROOT / "build/release/bin/stack_history_test"


def main():
    seconds = sys.argv[1] if len(sys.argv) > 1 else "120"
    run = subprocess.run(
        [TEST, "--gtest_filter=*AcrossSwapsCrashesAndMoves:*AcrossMovesOfTheRecord"],
        env={**os.environ, "STRATA_HISTORY_SECONDS": seconds}, check=False,
        stdout=subprocess.PIPE, text=True)
    for line in run.stdout.splitlines():
        if "operations checked" in line:
            print(line)
    print("every history is linearizable" if run.returncode == 0 else run.stdout)
    sys.exit(run.returncode)


if __name__ == "__main__":
    main()
