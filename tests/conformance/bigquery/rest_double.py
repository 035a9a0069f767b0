"""A double of BigQuery's REST API, written from the documented wire format.

It knows tables by what tables.get answers, and queries by what they yield; jobs go through their
states as the service's do. Faults can be put in its way, once each.
"""

import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class QueryScript:
    """What a query does: the table it leaves, or how it fails."""

    destination: dict[str, str] | None = None
    rows: list[list[Any]] = field(default_factory=list)
    total_rows: int = 0
    bytes_processed: int = 0
    statement_type: str = "SELECT"
    polls: int = 1
    error: dict[str, str] | None = None
    fields: list[dict[str, Any]] | None = None  # of the result, which a dry run tells


@dataclass
class Fault:
    """Answers the first request that it is for."""

    method: str
    pattern: str
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    then_handle: bool = False  # the request is carried out, and only its answer is lost


def error_body(status: int, reason: str, message: str) -> bytes:
    error = {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}
    return json.dumps({"error": error}).encode()


class RestDouble:
    """`with RestDouble() as rest:` serves on rest.url."""

    def __init__(self, location: str = "EU") -> None:
        self.location = location
        self.tables: dict[str, dict[str, Any]] = {}
        self.queries: dict[str, QueryScript] = {}
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.jobs: dict[str, dict[str, Any]] = {}
        self.cancelled: list[str] = []
        self.on_request: Callable[[Request], None] | None = None
        self._lock = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                double._serve(self)

            def do_POST(self) -> None:
                double._serve(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "RestDouble":
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("content-length") or 0)
        text = handler.rfile.read(length)
        request = Request(
            handler.command,
            parts.path,
            {name: values[0] for name, values in parse_qs(parts.query).items()},
            {name.lower(): value for name, value in handler.headers.items()},
            json.loads(text) if text.startswith(b"{") else None,
        )
        if self.on_request is not None:
            self.on_request(request)
        with self._lock:
            self.requests.append(request)
            status, body, headers = self._answer(request)
        if status == 0:  # the connection is cut
            handler.close_connection = True
            return
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json; charset=UTF-8")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    def _answer(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        for i, fault in enumerate(self.faults):
            if request.method == fault.method and re.search(fault.pattern, request.path):
                del self.faults[i]
                if fault.then_handle:
                    self._handle(request)
                return fault.status, fault.body, fault.headers
        status, answer = self._handle(request)
        return status, answer if isinstance(answer, bytes) else json.dumps(answer).encode(), {}

    def _handle(self, request: Request) -> tuple[int, Any]:
        match = re.fullmatch(r"/bigquery/v2/projects/([^/]+)/(.+)", request.path)
        if not match:
            return 404, b"<html>no such page</html>"
        project, rest = unquote(match[1]), match[2]
        if found := re.fullmatch(r"datasets/([^/]+)/tables/([^/]+)", rest):
            return self._table(f"{project}.{unquote(found[1])}.{unquote(found[2])}")
        if rest == "jobs" and request.method == "POST":
            return self._insert(project, request.body)
        if found := re.fullmatch(r"queries/([^/]+)", rest):
            return self._poll(found[1], request.query)
        if found := re.fullmatch(r"jobs/([^/]+)", rest):
            return self._job(found[1], request.query)
        if found := re.fullmatch(r"jobs/([^/]+)/cancel", rest):
            self.cancelled.append(found[1])
            return 200, {"kind": "bigquery#jobCancelResponse"}
        return 404, error_body(404, "notFound", "Not found")

    def _table(self, name: str) -> tuple[int, Any]:
        if name not in self.tables:
            return 404, error_body(404, "notFound", f"Not found: Table {name}")
        return 200, {"kind": "bigquery#table", "location": self.location, **self.tables[name]}

    def _insert(self, project: str, body: dict[str, Any]) -> tuple[int, Any]:
        configuration = body["configuration"]
        query = configuration["query"]
        assert query["useLegacySql"] is False
        script = self.queries.get(query["query"])
        if script is None:
            return 400, error_body(400, "invalidQuery", f"Syntax error: {query['query']}")
        statistics = {
            "totalBytesProcessed": str(script.bytes_processed),
            "query": {
                "statementType": script.statement_type,
                "totalBytesProcessed": str(script.bytes_processed),
                "totalBytesBilled": str(script.bytes_processed),
                "cacheHit": False,
            },
        }
        reference = {"projectId": project, "location": self.location}
        if configuration.get("dryRun"):
            if script.fields is not None:
                statistics["query"]["schema"] = {"fields": script.fields}
            return 200, {
                "jobReference": reference,
                "configuration": configuration,
                "statistics": statistics,
                "status": {"state": "DONE"},
            }
        limit = int(query.get("maximumBytesBilled", 0))
        error = script.error
        if limit and limit < script.bytes_processed:
            message = f"Query exceeded limit for bytes billed: {limit}."
            error = {"reason": "bytesBilledLimitExceeded", "message": message}
        job_id = body["jobReference"]["jobId"]
        if job_id in self.jobs:
            return 409, error_body(409, "duplicate", f"Already Exists: Job {project}:{job_id}")
        destination = query.get("destinationTable") or script.destination
        self.jobs[job_id] = {
            "jobReference": {**reference, "jobId": job_id},
            "configuration": {"query": {**query, "destinationTable": destination}},
            "statistics": statistics,
            "status": {"state": "RUNNING"},
            "polls": script.polls,
            "script": script,
            "error": error,
        }
        return 200, self._public(self.jobs[job_id])

    def _public(self, job: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in job.items() if k not in ("polls", "script", "error")}

    def _find(self, job_id: str, query: dict[str, str]) -> dict[str, Any] | None:
        job = self.jobs.get(job_id)
        # Outside of US and EU the service finds a job only where it is.
        return job if job and query.get("location") == self.location else None

    def _poll(self, job_id: str, query: dict[str, str]) -> tuple[int, Any]:
        job = self._find(job_id, query)
        if job is None:
            return 404, error_body(404, "notFound", f"Not found: Job {job_id}")
        job["polls"] -= 1
        if job["polls"] > 0:
            return 200, {"jobReference": job["jobReference"], "jobComplete": False}
        job["status"] = {"state": "DONE"}
        if job["error"]:
            job["status"]["errorResult"] = job["error"]
            return 400, error_body(400, job["error"]["reason"], job["error"]["message"])
        script = job["script"]
        rows = script.rows[: int(query.get("maxResults", len(script.rows)))]
        return 200, {
            "jobReference": job["jobReference"],
            "jobComplete": True,
            "totalRows": str(script.total_rows or len(script.rows)),
            "rows": [{"f": [{"v": value} for value in row]} for row in rows],
        }

    def _job(self, job_id: str, query: dict[str, str]) -> tuple[int, Any]:
        job = self._find(job_id, query)
        if job is None:
            return 404, error_body(404, "notFound", f"Not found: Job {job_id}")
        return 200, self._public(job)
