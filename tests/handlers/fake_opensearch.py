"""An HTTP server on loopback that behaves as an OpenSearch domain and its Dashboards do, signatures included."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import re
import threading
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

REGION = "eu-central-1"
ACCESS_KEY = "AKIAEXAMPLE"
SECRET_KEY = "a secret that the server knows too"
TOKEN = "session"
MASTER = "arn:aws:iam::111122223333:role/master"

SECURITY = "/_plugins/_security/api"
OBJECTS = "/_dashboards/api/saved_objects"


CUT = b'{"acknowledged":'
HANG = b""
# What the server sends for a fault, instead of serving the request.
ANSWERS: dict[Any, tuple[int | None, Any]] = {
    "drop": (None, None),
    "hang": (None, HANG),
    "html": (502, b"<html>Bad Gateway</html>"),
    "cut": (200, CUT),
    "cut error": (503, CUT),
}


class Killed(BaseException):
    """The client's process died here."""


class FakeDomain:
    """The state of a domain, what it was asked, and what is to go wrong."""

    def __init__(self) -> None:
        self.roles: dict[str, Any] = {}
        self.mappings: dict[str, Any] = {"all_access": new_mapping(["arn:aws:iam::111122223333:role/somebody"])}
        self.templates: dict[str, Any] = {}
        self.ledgers: dict[str, Any] = {}
        self.objects: dict[tuple[str, str], Any] = {}
        self.requests: list[tuple[str, str]] = []
        self.faults: list[tuple[str, str, Any]] = []
        self.is_master = True
        self.zones = 1
        self.lock = threading.Lock()

    def fail(self, method: str, path: str, *faults: Any) -> None:
        """Let the next requests go wrong: a status, one of ANSWERS, ``lost`` (done, not answered) or a function."""
        self.faults.extend((method, path, fault) for fault in faults)

    def fault(self, method: str, path: str) -> Any:
        for index, (wanted_method, pattern, fault) in enumerate(self.faults):
            if wanted_method == method and re.search(pattern, path):
                del self.faults[index]
                return fault
        return None

    def state(self) -> Any:
        return copy.deepcopy((self.roles, self.mappings, self.templates, self.ledgers, self.objects))

    def changes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.requests if method != "GET"]

    def serve(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int | None, Any]:
        """Return status and answer; no status where the connection is to end without one."""
        self.requests.append((method, path))
        if not is_signed(method, path, headers, body):
            return 403, {"message": "The request signature we calculated does not match"}
        fault = self.fault(method, path)
        if isinstance(fault, int):
            return fault, {"message": f"it is {fault}"}
        if fault in ANSWERS:
            return ANSWERS[fault]
        if callable(fault):
            fault()
        status, answer = self.answer(method, path, headers, body)
        return (None, None) if fault == "lost" else (status, answer)

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        if not self.is_master:
            return 403, {"status": "FORBIDDEN", "message": "No permission to access REST API"}
        if path.startswith(f"{OBJECTS}/"):
            return self._saved_objects(method, path, headers, body)
        value = json.loads(body) if body else None
        stores: dict[str, Callable[..., tuple[int, Any]]] = {
            f"{SECURITY}/roles/": self._role,
            f"{SECURITY}/rolesmapping/": self._mapping,
            "/_index_template/": self._template,
            "/_component_template/": self._ledger,
        }
        for prefix, store in stores.items():
            if path.startswith(prefix):
                return store(method, unquote(path.removeprefix(prefix)), value)
        return 400, {"error": f"no handler found for uri [{path}] and method [{method}]"}

    def _role(self, method: str, name: str, value: Any) -> tuple[int, Any]:
        if method == "PUT":
            unknown = set(value) - {"description", "cluster_permissions", "index_permissions", "tenant_permissions"}
            if unknown:
                return 400, {"status": "error", "reason": "Invalid configuration", "invalid_keys": sorted(unknown)}
        return security(self.roles, method, name, value)

    def _mapping(self, method: str, name: str, value: Any) -> tuple[int, Any]:
        if method == "PATCH":
            if name not in self.mappings:
                return 404, {"status": "NOT_FOUND", "message": f"Resource '{name}' not found."}
            changed = copy.deepcopy(self.mappings[name])
            for step in value:
                if not patch(changed, step):
                    return 400, {"status": "BAD_REQUEST", "message": "Test operation failed"}
            self.mappings[name] = changed
            return 200, {"status": "OK", "message": f"'{name}' updated."}
        if method == "PUT":
            if name not in self.roles and name != "all_access":
                return 400, {"status": "BAD_REQUEST", "message": f"role '{name}' does not exist."}
            value = new_mapping([]) | value
        return security(self.mappings, method, name, value)

    def _template(self, method: str, name: str, value: Any) -> tuple[int, Any]:
        return templates(self.templates, method, name, value, "index_template")

    def _ledger(self, method: str, name: str, value: Any) -> tuple[int, Any]:
        if name != name.lower():
            return 400, {"error": {"type": "illegal_argument_exception", "reason": "must be lower cased"}}
        if method == "PUT" and (value["template"].get("settings", {}).get("number_of_replicas", 1) + 1) % self.zones:
            reason = f"expected total copies needs to be a multiple of total awareness attributes [{self.zones}]"
            return 400, {"error": {"type": "invalid_index_template_exception", "reason": reason}}
        return templates(self.ledgers, method, name, value, "component_template")

    def _saved_objects(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        if method != "GET" and headers.get("osd-xsrf") is None:
            return 400, {"statusCode": 400, "message": "Request must contain a osd-xsrf header."}
        if headers.get("securitytenant") != "global":
            return 404, {"statusCode": 404, "message": "a private tenant has none of it"}
        if path == f"{OBJECTS}/_resolve_import_errors":
            return self._import(headers, body)
        kind, _, name = path.removeprefix(f"{OBJECTS}/").partition("/")
        key = (unquote(kind), unquote(name))
        if key not in self.objects:
            return 404, {"statusCode": 404, "error": "Not Found", "message": f"Saved object [{key}] not found"}
        return 200, self.objects.pop(key) and {} if method == "DELETE" else self.objects[key]

    def _import(self, headers: Any, body: bytes) -> tuple[int, Any]:
        message = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body
        )
        parts: dict[Any, Any] = {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in message.iter_parts()
        }
        retries = {(each["type"], each["id"]): each for each in json.loads(parts["retries"])}
        errors, count = [], 0
        for line in parts["file"].decode().splitlines():
            if not line:
                continue
            value = json.loads(line)
            key = (value["type"], value["id"])
            if key not in retries:
                continue
            missing = [r for r in value.get("references", []) if (r["type"], r["id"]) not in {*retries, *self.objects}]
            if missing:
                errors.append({"id": key[1], "type": key[0], "error": {"type": "missing_references"}})
            elif key in self.objects and not retries[key].get("overwrite"):
                errors.append({"id": key[1], "type": key[0], "error": {"type": "conflict"}})
            else:
                # Dashboards migrates what it imports.
                self.objects[key] = value | {"migrationVersion": {key[0]: "7.9.3"}}
                count += 1
        return 200, {"success": not errors, "successCount": count} | ({"errors": errors} if errors else {})


def new_mapping(backend_roles: list[str]) -> dict[str, Any]:
    return {
        "hosts": [],
        "users": [],
        "reserved": False,
        "hidden": False,
        "backend_roles": backend_roles,
        "and_backend_roles": [],
    }


def security(store: dict[str, Any], method: str, name: str, value: Any) -> tuple[int, Any]:
    if method == "PUT":
        status = 200 if name in store else 201
        store[name] = value
        return status, {"status": "OK" if status == 200 else "CREATED", "message": f"'{name}' done."}
    if name not in store:
        return 404, {"status": "NOT_FOUND", "message": f"Resource '{name}' not found."}
    if method == "DELETE":
        del store[name]
        return 200, {"status": "OK", "message": f"'{name}' deleted."}
    return 200, {name: store[name]}


def templates(store: dict[str, Any], method: str, name: str, value: Any, kind: str) -> tuple[int, Any]:
    if method == "PUT":
        store[name] = value
        return 200, {"acknowledged": True}
    if name not in store:
        return 404, {"error": {"type": "resource_not_found_exception"}, "status": 404}
    if method == "DELETE":
        del store[name]
        return 200, {"acknowledged": True}
    return 200, {f"{kind}s": [{"name": name, kind: store[name]}]}


def patch(document: dict[str, Any], step: dict[str, Any]) -> bool:
    _, field, index = step["path"].split("/")
    values = document[field]
    if step["op"] == "add" and index == "-":
        values.append(step["value"])
    elif int(index) >= len(values):
        return False
    elif step["op"] == "test":
        return bool(values[int(index)] == step["value"])
    elif step["op"] == "remove":
        del values[int(index)]
    return True


def is_signed(method: str, path: str, headers: Any, body: bytes) -> bool:
    """Work the signature out anew, by AWS's description of Signature Version 4 for services other than S3."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/es/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)",
        headers.get("Authorization", ""),
    )
    if found is None or found[1] != ACCESS_KEY or found[3] != REGION or headers.get("X-Amz-Security-Token") != TOKEN:
        return False
    day, names, signature = found[2], found[4].split(";"), found[5]
    assert "host" in names
    canonical = "\n".join(
        [
            method,
            quote(urlsplit(path).path, safe="/-_.~"),
            "",
            *(f"{name}:{' '.join(headers[name].split())}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{day}/{REGION}/es/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", headers["X-Amz-Date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (day, REGION, "es", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), signature)


class Server:
    """The domain behind a real socket; a request that hangs does so until the server is closed."""

    def __init__(self, domain: FakeDomain) -> None:
        self._closed = closed = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with domain.lock:
                    status, answer = domain.serve(self.command, self.path, self.headers, body)
                self.close_connection = status is None or answer == CUT
                if answer == HANG:
                    closed.wait()
                if status is None:
                    return
                content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content) + (content == CUT)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
