// A person who logs out, at dex or at the identity provider, and is logged out at both.

import { complaintsOf } from './chromium.js';
import { visitIn } from './login.js';

/** Milliseconds a page may take to come. */
const PATIENCE = 15_000;

/** The question whether to log out, of dex and of Keycloak. */
const QUESTION = 'form[action$="/logout"] button, #kc-logout';

/**
 * Signs in at the application, forgets dex and signs in once more with what the identity provider still knows, logs out, and
 * signs in again.
 *
 * @param settings those of `logIn`; `issuer` is the address of dex, `there` the identity provider's page of its own logout, or
 *   empty for that of dex
 * @returns the claims of the `first` sign-in; which paths were visited in it, in the one that the identity provider still
 *   `knew` of, and in the one after the logout (`again`); how the home page of dex said that `nobody` is signed in, that
 *   somebody is (`home`), and what it said `after` the logout; where the logout led `through` and where it `ended`
 */
export async function logOut(browser, settings) {
  const context = await browser.newContext({ ignoreHTTPSErrors: Boolean(settings.provider) });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const complaints = complaintsOf(page, (address) => new URL(address).hostname !== settings.provider);
    const nobody = await home(page, settings);
    const first = await visited(context, settings);
    await context.clearCookies({ domain: new URL(settings.issuer).hostname });
    const knew = await visited(context, settings);
    const signedIn = await home(page, settings);
    const { through, ended } = await leave(page, settings);
    const after = await home(page, settings);
    const again = await visited(context, settings);
    const paths = { first: first.visited, knew: knew.visited, again: again.visited };
    return { claims: first.claims, paths, nobody, home: signedIn, after, through, ended, complaints };
  } finally {
    await context.close();
  }
}

async function visited(context, settings) {
  const { claims, stopped, visited } = await visitIn(context, settings);
  if (stopped) throw new Error(`stopped at ${stopped.url}: ${stopped.text}`);
  return { claims, visited };
}

async function home(page, { issuer }) {
  await page.goto(issuer);
  return page.locator('body').innerText();
}

/** Says yes to the question, and waits until no page sends itself on any more. */
async function leave(page, { issuer, there }) {
  const through = [];
  page.on('request', (request) => {
    const { host, pathname, searchParams } = new URL(request.url());
    const names = [...searchParams.keys(), ...new URLSearchParams(request.postData() ?? '').keys()];
    const message = names.find((name) => name.startsWith('SAML'));
    if (request.isNavigationRequest() && message) through.push(`${request.method()} ${host}${pathname} ${message}`);
  });
  await page.goto(there || `${issuer}/logout`);
  const question = page.locator(QUESTION);
  if (await question.count()) await question.first().click();
  await page.waitForLoadState('networkidle');
  return { through, ended: { url: page.url(), text: await page.locator('body').innerText() } };
}
