#!/usr/bin/env python3
"""Measures reading pod logs from a server that has nothing else to do: MB/s of one stream, and CPU for many steady ones.

  benches/streams.py one [--mb 1000] [-- COMMAND...]
  benches/streams.py many [--streams 50] [--rate 2000] [--seconds 20] [-- COMMAND...]
  benches/streams.py screen [--streams 50] [--rate 2000] [--seconds 20] [--keys 3l] [-- COMMAND...]

one    a log of so many megabytes, read to its end; wall time, CPU time of the command and MB/s of both
many   so many containers that write so many lines a second each; CPU of the command as a share of one core
screen the same on a pseudo-terminal of 200×50, after keys that open the logs; also the bytes it writes to the terminal

COMMAND finds the kubeconfig in KUBECONFIG (default: target/release/pilothouse logs web …, its output thrown away). The pods are
web-0, web-1 …, each with the container app and the label app=web, in the namespace shop; the server speaks just
enough of the Kubernetes API for pilothouse, kubectl and stern. Standard library alone. The server runs in a process
of its own on the same machine.
"""
import argparse, datetime, fcntl, http.server, json, multiprocessing, os, pty, resource, signal, socketserver, struct, subprocess, sys, tempfile, termios, threading, time, urllib.parse

LINES = [
    "2026-11-22 16:13:07.123 INFO  [http-8080-4] c.e.live.GiftService - sent gift 4711 to room 8123 in 12 ms",
    '{"level":"info","ts":1795363987.1,"msg":"order settled","order":4711,"user":8123,"ms":12}',
    '10.0.3.7 - - [22/Nov/2026:16:13:07 +0000] "GET /api/v1/rooms/8123 HTTP/1.1" 200 512 "-" "okhttp/4.9"',
]


def stamp(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def block(at, first, count):
    """Lines with their times, as a kubelet sends them."""
    time_of = stamp(at)
    return "".join(f"{time_of} {LINES[n % 3]} n={n}\n" for n in range(first, first + count)).encode()


def pod(n):
    state = {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": "2026-11-22T00:00:00Z"}}, "image": "i", "imageID": "i", "containerID": f"containerd://{n:064}"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"web-{n}", "namespace": "shop", "uid": f"00000000-0000-0000-0000-{n:012}",
            "resourceVersion": "1", "creationTimestamp": "2026-11-22T00:00:00Z", "labels": {"app": "web"}},
            "spec": {"nodeName": "a", "containers": [{"name": "app", "image": "i"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [state]}}


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    args = None
    # Lines each log's answer has sent so far; shared with the process that measures.
    sent = None
    answers = 0

    def log_message(self, *_):
        pass

    def json(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def stream(self, kind="text/plain"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.json(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound"})

    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        query = urllib.parse.parse_qs(url.query)
        try:
            self.answer(url.path, query)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def answer(self, path, query):
        parts = path.strip("/").split("/")
        if parts[-1] == "log":
            return self.log(query)
        if path == "/version":
            return self.json(200, {"major": "1", "minor": "36", "gitVersion": "v1.36.0"})
        if path == "/api":
            return self.json(200, {"kind": "APIVersions", "versions": ["v1"]})
        if path == "/apis":
            return self.json(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []})
        if path == "/api/v1":
            pods = {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": ["get", "list", "watch"]}
            return self.json(200, {"kind": "APIResourceList", "groupVersion": "v1", "resources": [pods]})
        if "pods" in parts and parts[-1] != "pods":
            return self.json(200, pod(int(parts[-1].rsplit("-", 1)[1])))
        if query.get("watch"):
            self.stream("application/json")
            if parts[-1] == "pods" and (query.get("sendInitialEvents") or not query.get("resourceVersion")):
                for n in range(self.args.streams):
                    self.chunk(json.dumps({"type": "ADDED", "object": pod(n)}).encode() + b"\n")
            time.sleep(3600)
            return None
        if parts[0] == "api":
            items = [pod(n) for n in range(self.args.streams)] if parts[-1] == "pods" else []
            kind = {"pods": "PodList", "nodes": "NodeList", "namespaces": "NamespaceList"}.get(parts[-1], "List")
            return self.json(200, {"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items})
        return self.json(404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound"})

    def log(self, query):
        self.stream()
        if self.args.what == "one":
            # The times go on by a second every tenth of a megabyte, as those of a busy log do.
            at, sent, data = time.time() - 86_400, 0, block(0, 0, 1_000)
            head = len(stamp(0))
            old = stamp(0).encode()
            while sent < self.args.mb * 1_000_000:
                piece = data.replace(old, stamp(at).encode())
                assert len(old) == head
                self.chunk(piece)
                sent, at = sent + len(piece), at + 1
        else:
            first, due, each = 0, time.time(), max(1, self.args.rate // 20)
            mine, Api.answers = Api.answers, Api.answers + 1
            while True:
                self.chunk(block(time.time(), first, each))
                first, due = first + each, due + each / self.args.rate
                Api.sent[mine % len(Api.sent)] = first
                time.sleep(max(0, due - time.time()))
        self.wfile.write(b"0\r\n\r\n")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, request_queue_size = True, 256


class Terminal:
    """A program on a pseudo-terminal; what it writes is counted and thrown away."""
    ANSWERS = {b"\x1b[6n": b"\x1b[1;1R", b"\x1b[c": b"\x1b[?62;22c", b"\x1b[?u": b"\x1b[?0u"}

    def __init__(self, command, environment):
        self.written = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(environment, TERM="xterm-256color", COLORTERM="truecolor")
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while data := os.read(self.fd, 65_536):
                self.written += len(data)
                for question, answer in self.ANSWERS.items():
                    if question in data:
                        os.write(self.fd, answer)
        except OSError:
            pass

    def press(self, keys):
        for key in keys:
            os.write(self.fd, key.encode())
            time.sleep(1)

    def send_signal(self, number):
        os.kill(self.pid, number)


def cpu(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["one", "many", "screen"])
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=None)
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--keys", default="3l")
    given = sys.argv[1:]
    cut = given.index("--") if "--" in given else len(given)
    own, command = given[:cut], given[cut + 1:]
    args = parser.parse_args(own)
    args.command = command
    args.streams = args.streams or (1 if args.what == "one" else 50)
    Api.args = args
    Api.sent = multiprocessing.Array("q", 1000, lock=False)
    server = Server(("127.0.0.1", 0), Api)
    child = os.fork()
    if child == 0:
        server.serve_forever()
    folder = tempfile.TemporaryDirectory()
    config = os.path.join(folder.name, "kubeconfig")
    with open(config, "w") as f:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "bench",
                   "clusters": [{"name": "bench", "cluster": {"server": address}}], "users": [{"name": "u", "user": {}}],
                   "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "u", "namespace": "shop"}}]}, f)
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "target", "release", "pilothouse")
    ways = {"one": ["logs", "web", "-o", "raw", "--no-follow"], "many": ["logs", "web", "-o", "raw", "--tail", "0"], "screen": []}
    command = args.command or [here, *ways[args.what]]
    environment = dict(os.environ, KUBECONFIG=config)
    try:
        start = time.time()
        if args.what == "screen":
            process = Terminal(command, environment)
            time.sleep(3)
            process.press(args.keys)
        else:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        if args.what == "one":
            process.wait()
            took, used = time.time() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            busy = used.ru_utime + used.ru_stime
            if process.returncode:
                sys.exit(f"no figure: exit {process.returncode} of {' '.join(command)}")
            print(f"{args.mb / took:7.0f} MB/s   {args.mb / busy:7.0f} MB a second of CPU   {took:.2f} s, {busy:.2f} s CPU, "
                  f"{used.ru_maxrss / 1000:.0f} MB   {' '.join(command)}")
        else:
            time.sleep(5)
            before, start, lines = cpu(process.pid), time.time(), sum(Api.sent)
            written = getattr(process, "written", 0)
            time.sleep(args.seconds)
            took = time.time() - start
            share, lines = (cpu(process.pid) - before) / took * 100, (sum(Api.sent) - lines) / took
            streams = sum(1 for sent in Api.sent if sent)
            written = (getattr(process, "written", 0) - written) / took
            screen = f"   {written:,.0f} bytes a second to the terminal" if args.what == "screen" else ""
            print(f"{share:6.1f} % of a core   {lines:,.0f} lines a second of {streams} streams{screen}   {' '.join(command)}")
            process.send_signal(signal.SIGKILL)
    finally:
        os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
