"""A program in the seat of a rehearsal: python3 solve.py api.json

It waits until users suffer, declares the innermost link that does, moves the checkouts back to what
the monolith can do alone, tells people, and submits once users are served again.
"""
import json
import sys
import time
import urllib.request

ACCESS = json.load(open(sys.argv[1]))


def call(path, body=None, method=None):
    request = urllib.request.Request(
        ACCESS["url"] + path,
        data=None if body is None and method is None else json.dumps(body or {}).encode(),
        headers={"authorization": "Bearer " + ACCESS["token"], "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=150) as reply:
        return json.load(reply)


def breaks(status):
    return any(one["holds"] is False for one in status["objectives"])


def suspect(links):
    """The part behind the innermost link on which requests fail or come late, and how."""
    def seconds(text):
        units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
        return next(float(text[:-len(u)]) * units[u] for u in units if text.endswith(u)) if text else 0.0
    bad = [one for one in links if one["failed"] > 0 or seconds(one["p99"]) > 1.0]
    callers = {one["link"].split(" -> ")[0] for one in bad}
    inner = [one for one in bad if one["link"].split(" -> ")[1] not in callers] or bad
    worst = max(inner, key=lambda one: one["failed"] / max(one["requests"], 1))
    symptom = "latency" if seconds(worst["p99"]) > 1.0 else "errors"
    return worst["link"].split(" -> ")[1], symptom


task = call("/task")
while not breaks(status := call("/status")):
    time.sleep(0.5)
time.sleep(2)
component, symptom = suspect(call("/status")["links"])
call("/declare", {"component": component, "symptom": symptom})
call("/message", {"text": f"{component} shows {symptom}; checkout goes back to the monolith"})
moved = call("/exec", {"command": "lab route orders service=0"})
assert moved["success"], moved
for _ in range(60):
    if not breaks(call("/status")):
        break
    time.sleep(0.5)
print(json.dumps(call("/submit", method="post")))
