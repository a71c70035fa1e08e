// A user with a browser: keeps cookies, follows redirects, fills forms.

import { parse } from 'node-html-parser';
import { CookieJar } from 'tough-cookie';

/** How many pages and redirects one visit may take. */
const STEPS_MAX = 20;

export class Browser {
  #settings;
  #cookies = new CookieJar();

  constructor(settings) {
    this.#settings = settings;
  }

  /** Goes to `address`, does what the pages ask, and returns what the application is sent: a URL, or the Request posted to it. */
  async signIn(address) {
    const { answer, page } = await this.#visit(address);
    return answer ?? stopped(page);
  }

  /** Does what the pages ask until one asks nothing more. */
  async approveDevice(address) {
    const { page } = await this.#visit(address);
    if (!page?.at.pathname.endsWith('/device/callback')) stopped(page);
  }

  async #visit(address) {
    let next = new Request(address);
    for (let step = 0; step < STEPS_MAX; step += 1) {
      if (this.#isRedirectUri(new URL(next.url))) {
        return { answer: next.method === 'GET' ? new URL(next.url) : next };
      }
      const { location, page } = await this.#fetch(next);
      next = location ? new Request(location) : this.#act(page);
      if (!next) return { page };
    }
    throw new Error(`more than ${STEPS_MAX} steps`);
  }

  async #fetch(request) {
    const headers = new Headers(request.headers);
    headers.set('cookie', await this.#cookies.getCookieString(request.url));
    const response = await fetch(new Request(request, { headers, redirect: 'manual' }));
    for (const cookie of response.headers.getSetCookie()) await this.#cookies.setCookie(cookie, request.url);
    const location = response.headers.get('location');
    if (location) {
      // A fragment of the answer must survive: hybrid answers travel in it.
      return { location: new URL(location, request.url) };
    }
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${request.url} ${response.status}: ${text}`);
    return { page: { at: new URL(request.url), text, root: parse(text) } };
  }

  /** The request that a user would make from this page, if any. */
  #act({ at, root }) {
    for (const form of root.querySelectorAll('form')) {
      const fields = this.#fill(form);
      if (!fields) continue;
      const action = new URL(form.getAttribute('action') || at, at);
      if (isPost(form)) return new Request(action, { method: 'POST', body: fields });
      action.search = fields;
      return new Request(action);
    }
    const wanted = `/auth/${this.#settings.connector}`;
    const links = root.querySelectorAll('a[href]').map((link) => new URL(link.getAttribute('href'), at));
    const link = links.find((target) => target.pathname.endsWith(wanted));
    return link && new Request(link);
  }

  /** What a user would send with the form; nothing when a user would leave it alone. */
  #fill(form) {
    const fields = new URLSearchParams();
    let pressed = false;
    let visible = false;
    for (const field of form.querySelectorAll('input, button')) {
      const kind = field.getAttribute('type') ?? (field.tagName === 'BUTTON' ? 'submit' : 'text');
      const name = field.getAttribute('name');
      if (kind === 'submit') {
        if (pressed) continue;
        pressed = true;
      } else if (kind !== 'hidden') {
        visible = true;
      }
      if (name && kind !== 'checkbox') fields.append(name, field.getAttribute('value') ?? '');
    }
    if (fields.has('login') && fields.has('password')) {
      fields.set('login', this.#settings.login);
      fields.set('password', this.#settings.password);
      return fields;
    }
    if (fields.has('approval')) return fields.get('approval') === 'approve' ? fields : undefined;
    if (fields.has('user_code')) return fields.get('user_code') ? fields : undefined;
    return isPost(form) && !visible ? fields : undefined;
  }

  #isRedirectUri(url) {
    return `${url.origin}${url.pathname}` === this.#settings.redirectUri;
  }
}

function isPost(form) {
  return form.getAttribute('method')?.toLowerCase() === 'post';
}

function stopped(page) {
  throw new Error(`stopped at ${page?.at}: ${page?.text}`);
}
