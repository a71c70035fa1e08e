// A person with an authenticator app and a security key: the pages of second factors.

import { createHmac } from 'node:crypto';

/** Seconds a one-time code counts (RFC 6238). */
const PERIOD = 30;

/** The input for a code, and the page that talks to a key. */
const CODE = '#totp';
const KEY = '#webauthn';

/** What a person holds who shows second factors in the pages of one `context`. */
export class Factors {
  #secret = '';
  #last = 0;
  asked = [];

  /** Selectors of the pages that are theirs. */
  pages = [CODE, KEY];

  /** Plugs a key into a page: one in software, of Chromium's own. */
  async plugIn(page) {
    page.on('response', (response) => {
      const ceremony = new URL(response.url()).pathname.match(/\/mfa\/webauthn\/(register|login)\/finish$/)?.[1];
      if (ceremony && response.ok()) this.asked.push(ceremony === 'register' ? 'register a key' : 'key');
    });
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'usb',
      hasResidentKey: false,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    };
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options });
    for (const credential of this.#credentials) {
      await session.send('WebAuthn.addCredential', { authenticatorId, credential });
    }
    this.#unplug = async () => {
      const { credentials } = await session.send('WebAuthn.getCredentials', { authenticatorId });
      this.#credentials = credentials;
    };
  }

  #credentials = [];
  #unplug = async () => {};

  /** Takes the key along, with what was registered on it. */
  unplug() {
    return this.#unplug();
  }

  /** Shows what the page asks for, if it is one of theirs; `leave` waits for the page after it. */
  async show(page, leave) {
    if (await page.locator(CODE).count()) {
      await leave(page, () => this.#type(page));
      return true;
    }
    if (await page.locator(KEY).count()) {
      await leave(page, () => this.#touch(page));
      return true;
    }
    return false;
  }

  async #type(page) {
    const secret = page.locator('details code');
    const enrols = (await secret.count()) > 0;
    this.asked.push(enrols ? 'set up a generator' : 'code');
    if (enrols) this.#secret = (await secret.textContent()).replaceAll(' ', '');
    // A code counts once, so whoever comes back at once types the next one.
    this.#last = Math.max(this.#last + 1, Math.floor(Date.now() / 1000 / PERIOD));
    await page.locator(CODE).fill(codeOf(this.#secret, this.#last));
    await page.locator(CODE).press('Enter');
  }

  /** Who has a key is asked for it at once. */
  async #touch(page) {
    const button = page.locator(`${KEY}[data-mode=register] #webauthn-btn`);
    if (await button.count()) await button.click();
  }
}

/** The code of a time step (RFC 4226 §5.3), for a secret in base32. */
function codeOf(secret, step) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'));
  const key = Buffer.from(bits.join('').match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = mac[mac.length - 1] & 0xf;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
