"""Programs that help nobody: python3 useless.py api.json nothing|restart|less-load"""
import json
import sys
import time
import urllib.request

ACCESS = json.load(open(sys.argv[1]))
# The processes of this run, and of no other, that were started with these words.
PIDS = """pids() {
  for process in /proc/[0-9]*; do
    tr '\\0' '\\n' <"$process/environ" 2>/dev/null | grep -qxF "LAB_RUN_FOLDER=$LAB_REHEARSAL" || continue
    tr '\\0' ' ' <"$process/cmdline" 2>/dev/null | grep -q "$1" && echo "${process#/proc/}"
  done
  true
}
"""
DEEDS = {
    "nothing": "true",
    "restart": PIDS + 'kill -KILL $(pids "__shop") || true',
    "less-load": PIDS + 'kill -STOP $(pids "__load"); sleep 6; kill -CONT $(pids "__load")',
}


def call(path, body=None, method="GET"):
    request = urllib.request.Request(
        ACCESS["url"] + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": "Bearer " + ACCESS["token"]},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=150) as reply:
        return json.load(reply)


while not any(one["holds"] is False for one in call("/status")["objectives"]):
    time.sleep(0.5)
call("/exec", {"command": DEEDS[sys.argv[2]]}, "POST")
time.sleep(3)
call("/submit", {}, "POST")
