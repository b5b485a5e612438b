"""A folder behind HTTP on this machine, for tests of downloads."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager

CUT = "/cut/"


@contextmanager
def serve(folder):
    """Serve a folder; below CUT, every file ends half way through.

    Yields
    ------
    The address, and the list of paths asked for so far.
    """
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(folder))

        def do_GET(self):
            asked.append(self.path)
            if not self.path.startswith(CUT):
                super().do_GET()
                return
            content = (folder / self.path.removeprefix(CUT)).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
