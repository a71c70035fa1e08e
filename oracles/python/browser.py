"""A user with a browser: keeps cookies, follows redirects, fills forms."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

# How many pages and redirects one visit may take, and seconds one request may.
STEPS_MAX = 20
TIMEOUT = 10


class Browser:
    """One browser, with the user's name and password for `connector`."""

    def __init__(self, redirect_uri, login, password, connector):
        self.redirect_uri = redirect_uri
        self.login = login
        self.password = password
        self.connector = connector
        self.http = requests.Session()

    def sign_in(self, address):
        """Goes to `address`, does what the pages ask, and returns the URL the application is sent to."""
        answer, page = self.visit(address)
        if answer is None:
            raise RuntimeError(f"stopped at {page.at}: {page.text}")
        return answer

    def approve_device(self, address):
        """Does what the pages ask until one asks nothing more."""
        _, page = self.visit(address)
        if page is None or not urlsplit(page.at).path.endswith("/device/callback"):
            raise RuntimeError(f"stopped at {page and page.at}: {page and page.text}")

    def visit(self, address):
        """Ends at the redirect URI, or at a page that asks nothing."""
        request = requests.Request("GET", address)
        for _ in range(STEPS_MAX):
            if request.url.split("?")[0].split("#")[0] == self.redirect_uri:
                return request.url, None
            answer = self.http.send(self.http.prepare_request(request), allow_redirects=False, timeout=TIMEOUT)
            if "location" in answer.headers:
                request = requests.Request("GET", urljoin(answer.url, answer.headers["location"]))
                continue
            if answer.status_code != 200:
                raise RuntimeError(f"{answer.url} {answer.status_code}: {answer.text}")
            page = Page(answer.url, answer.text)
            request = self.act(page)
            if request is None:
                return None, page
        raise RuntimeError(f"more than {STEPS_MAX} steps")

    def act(self, page):
        """The request that a user would make from this page, if any."""
        for form in page.forms:
            fields = self.fill(form)
            if fields is not None and form.method == "post":
                return requests.Request("POST", form.action, data=fields)
            if fields is not None:
                return requests.Request("GET", form.action, params=fields)
        for link in page.links:
            if self.connector and urlsplit(link).path.endswith(f"/auth/{self.connector}"):
                return requests.Request("GET", link)
        return None

    def fill(self, form):
        """What a user would send with the form; None when a user would leave it alone."""
        fields = dict(form.fields)
        if "login" in fields and "password" in fields:
            return {**fields, "login": self.login, "password": self.password}
        if "approval" in fields:
            return fields if fields["approval"] == "approve" else None
        if "user_code" in fields:
            return fields if fields["user_code"] else None
        return fields if form.method == "post" and not form.visible else None


class Form:
    """One form; `fields` is what it sends when its first button is pressed."""

    def __init__(self, action, method):
        self.action = action
        self.method = method.lower()
        self.fields = []
        self.visible = False
        self.pressed = False

    def add(self, kind, name, value):
        if kind == "submit":
            if self.pressed:
                return
            self.pressed = True
        elif kind != "hidden":
            self.visible = True
        if name and kind != "checkbox":
            self.fields.append((name, value))


class Page(HTMLParser):
    """The forms and links of a page."""

    def __init__(self, at, text):
        super().__init__()
        self.at = at
        self.text = text
        self.forms = []
        self.links = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and attributes.get("href"):
            self.links.append(urljoin(self.at, attributes["href"]))
        elif tag == "form":
            action = urljoin(self.at, attributes.get("action", ""))
            self.forms.append(Form(action, attributes.get("method", "get")))
            self.inside = True
        elif tag in ("input", "button") and self.inside:
            kind = attributes.get("type", "submit" if tag == "button" else "text")
            self.forms[-1].add(kind, attributes.get("name"), attributes.get("value", ""))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False
