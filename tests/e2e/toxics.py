"""toxiproxy: a bad network between the program and a real server."""

import itertools
import json
import urllib.parse
import urllib.request

from conftest import setting

NUMBERS = itertools.count(1)


class Proxy:
    """In front of the server of `url`; `self.url` is what to use instead."""

    def __init__(self, url):
        self.control = setting("TOXIPROXY_URL", "toxiproxy")
        parts = urllib.parse.urlsplit(url)
        about = self.send("POST", "/proxies", name=f"proxy-{next(NUMBERS)}", listen="127.0.0.1:0",
                          upstream=parts.netloc, enabled=True)
        self.name = about["name"]
        self.url = urllib.parse.urlunsplit(parts._replace(netloc=about["listen"]))

    def send(self, method, path, **body):
        request = urllib.request.Request(self.control + path, json.dumps(body).encode(), method=method,
                                         headers={"Content-Type": "application/json", "User-Agent": "tests"})
        with urllib.request.urlopen(request) as reply:
            return json.loads(reply.read() or b"{}")

    def add(self, kind, stream="downstream", toxicity=1.0, **attributes):
        about = self.send("POST", f"/proxies/{self.name}/toxics", type=kind, stream=stream, toxicity=toxicity,
                          attributes=attributes)
        return about["name"]

    def remove(self, toxic):
        self.send("DELETE", f"/proxies/{self.name}/toxics/{toxic}")

    def close(self):
        self.send("DELETE", f"/proxies/{self.name}")
