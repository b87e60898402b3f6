#!/usr/bin/env bash
# Measures the release binary as a user meets it, on a pseudo-terminal of 200×50 against a cluster, beside
# curl fetching the same lists as JSON and throwing them away.
#
#   benches/compare.sh [--context NAME] [--rows REGEX] [--synced REGEX] [--hold SECONDS] [--churn 'COMMAND'] [--runs N] [-- COMMAND...]
#
# --rows     what is on the screen once there are rows (default: a number of instances)
# --synced   what is on the screen once every kind is in (default: as many instances ready as there are)
# --churn    a command that changes 200 objects a second for at least the hold time, while CPU is measured
# COMMAND    another program to measure the same way (default: target/release/pilothouse --context NAME)
#
# Needs python3 (standard library alone), kubectl and curl. Linux: memory and CPU come from /proc.
set -euo pipefail
cd "$(dirname "$0")/.."

context=$(kubectl config current-context 2>/dev/null || true)
rows='[0-9] instances|READY' synced='([0-9,]{3,})/\1' hold=20 churn='' runs=3
while [ $# -gt 0 ]; do
  case $1 in
    --context) context=$2 ;; --rows) rows=$2 ;; --synced) synced=$2 ;; --hold) hold=$2 ;; --churn) churn=$2 ;; --runs) runs=$2 ;;
    --) shift; break ;;
    *) sed -n '2,13p' "$0"; exit 2 ;;
  esac
  shift 2
done
[ $# -gt 0 ] || set -- target/release/pilothouse --context "$context" --readonly

python3 - "$rows" "$synced" "$hold" "$churn" "$runs" "$@" <<'PY'
import fcntl, json, os, pty, re, select, shlex, signal, statistics, struct, subprocess, sys, termios, time

rows, synced, hold, churn, runs, command = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4], int(sys.argv[5]), sys.argv[6:]
ANSWERS = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62;22c", b"\x1b[?u": b"\x1b[?0u"}
ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][A-Z0-9]|.)")


class Screen:
    """Just enough of a terminal to know which characters stand where: text, cursor addresses, rows that move."""
    def __init__(self, height, width):
        self.cells = [[" "] * width for _ in range(height)]
        self.y = self.x = self.top = 0
        self.bottom = height
        self.rest = b""

    def feed(self, data):
        data = self.rest + data
        cut = data.rfind(b"\x1b")
        self.rest = b"" if cut < 0 or ESCAPE.match(data, cut) else data[cut:]
        data = data[: len(data) - len(self.rest)]
        at = 0
        for found in ESCAPE.finditer(data):
            self.text(data[at : found.start()])
            at = found.end()
            code = found.group()
            if code.endswith(b"H") and code.startswith(b"\x1b["):
                parts = code[2:-1].split(b";") + [b"", b""]
                self.y, self.x = int(parts[0] or 1) - 1, int(parts[1] or 1) - 1
            elif code.endswith(b"r") and code.startswith(b"\x1b["):
                top, _, bottom = code[2:-1].partition(b";")
                self.top, self.bottom = int(top or 1) - 1, int(bottom or len(self.cells))
                self.y = self.x = 0
            elif code[-1:] in b"ML" and code.startswith(b"\x1b["):
                rows, empty = int(code[2:-1] or 1), lambda: [" "] * len(self.cells[0])
                region = self.cells[self.y : self.bottom]
                gone = [empty() for _ in range(min(rows, len(region)))]
                self.cells[self.y : self.bottom] = region[len(gone):] + gone if code.endswith(b"M") else gone + region[: len(region) - len(gone)]
            elif code == b"\x1b[2J":
                self.cells = [[" "] * len(self.cells[0]) for _ in self.cells]
        self.text(data[at:])

    def text(self, raw):
        for c in raw.decode("utf-8", "replace"):
            if c == "\r": self.x = 0
            elif c == "\n": self.y += 1
            elif c >= " " and self.y < len(self.cells) and self.x < len(self.cells[0]):
                self.cells[self.y][self.x] = c
                self.x += 1

    def __str__(self):
        return "\n".join("".join(line) for line in self.cells)


class Program:
    def __init__(self):
        self.start = time.time()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.screen, self.bytes, self.first, self.ending = Screen(50, 200), 0, None, False

    def pump(self, seconds):
        end = time.time() + seconds
        while (left := end - time.time()) > 0:
            if not select.select([self.fd], [], [], left)[0]:
                return
            try: data = os.read(self.fd, 1 << 16)
            except OSError:
                if self.ending: return
                sys.exit("the program ended:\n" + str(self.screen))
            self.bytes += len(data)
            for question, answer in ANSWERS.items():
                if question in data: os.write(self.fd, answer)
            self.screen.feed(data)
            if self.first is None and str(self.screen).strip(): self.first = time.time() - self.start

    def until(self, pattern, limit=120):
        while time.time() - self.start < limit:
            self.pump(0.005)
            if re.search(pattern, str(self.screen)): return time.time() - self.start
        sys.exit(f"{pattern!r} did not come within {limit} s:\n{self.screen}")

    def status(self, field):
        with open(f"/proc/{self.pid}/status") as f:
            return next(int(line.split()[1]) / 1000 for line in f if line.startswith(field))

    def cpu(self):
        with open(f"/proc/{self.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def over(self, seconds):
        cpu, written, start = self.cpu(), self.bytes, time.time()
        while time.time() - start < seconds: self.pump(0.2)
        took = time.time() - start
        return (self.cpu() - cpu) / took * 100, (self.bytes - written) / took

    def quit(self):
        start, self.ending = time.time(), True
        os.kill(self.pid, signal.SIGTERM)
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0) and time.time() - start < 5: self.pump(0.01)
        return time.time() - start


results = []
for run in range(runs):
    p = Program()
    r = {"first rows s": p.until(rows), "all synced s": p.until(synced)}
    r["first frame s"] = p.first
    p.pump(3)
    r["CPU idle %"], r["bytes/s idle"] = p.over(hold)
    r["resident MB"], r["peak MB"] = p.status("VmRSS"), p.status("VmHWM")
    if churn:
        other = subprocess.Popen(shlex.split(churn), stdout=subprocess.DEVNULL)
        p.pump(2)
        r["CPU at churn %"], r["bytes/s at churn"] = p.over(hold)
        other.wait()
        r["resident after churn MB"] = p.status("VmRSS")
    r["quit s"] = p.quit()
    results.append(r)
print(" ".join(command))
for name in results[0]:
    values = [r[name] for r in results]
    print(f"  {name:<26} median {statistics.median(values):9.3f}   min {min(values):9.3f}   max {max(values):9.3f}")
PY

# curl beside it: the same lists, one after the other over one connection, as JSON, thrown away.
view=$(kubectl config view --raw --minify --context "$context" -o json)
server=$(jq -r '.clusters[0].cluster.server' <<<"$view")
token=$(jq -r '.users[0].user.token // empty' <<<"$view")
[ -n "$token" ] || { echo "curl: the context has no token, so curl is left out"; exit 0; }
urls=()
for path in api/v1/nodes api/v1/pods api/v1/namespaces api/v1/resourcequotas apis/apps/v1/deployments apis/apps/v1/replicasets \
  apis/apps/v1/statefulsets apis/apps/v1/daemonsets apis/batch/v1/jobs apis/autoscaling/v2/horizontalpodautoscalers apis/policy/v1/poddisruptionbudgets; do
  urls+=("$server/$path" -o /dev/null)
done
for kind in "the same lists" "pods alone"; do
  [ "$kind" = "pods alone" ] && urls=("$server/api/v1/pods" -o /dev/null)
  times=()
  for _ in $(seq "$runs"); do
    start=$(date +%s.%N)
    curl -sk -H @<(printf 'Authorization: Bearer %s' "$token") "${urls[@]}"
    times+=("$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.3f", b - a }')")
  done
  printf 'curl, %s: %s s\n' "$kind" "$(printf '%s\n' "${times[@]}" | sort -n | paste -sd' ')"
done
