// A person who signs in at the example application: its home page, the pages of dex, the tokens.

import { complaintsOf } from './chromium.js';

/** How many pages one login may show. */
const STEPS_MAX = 12;

/** Milliseconds a page may take to come. */
const PATIENCE = 15_000;

/** Where dex, Keycloak and SimpleSAMLphp have a password typed. */
const PASSWORD = 'input[name=password]';

/**
 * Goes from the application's home page through the pages of dex and of an identity provider, until the application shows
 * the claims of an ID token, or until a page leads no further: an error, or a login form that comes again.
 *
 * @param browser from `withBrowser`
 * @param settings `app` is the application's address; `login`, `password` and `connector` are the user's; `provider` is the
 *   host of an identity provider, whose pages and certificate are for others to mend; `factors` are the user's second ones
 * @returns `claims`, or where it `stopped` with the `status` and the `text` of that page; the paths that were `visited`, the
 *   forms with a SAML response that were `posted`, and the `complaints` of the pages
 */
export async function logIn(browser, settings) {
  const context = await browser.newContext({ ignoreHTTPSErrors: Boolean(settings.provider) });
  try {
    return await visitIn(context, settings);
  } finally {
    await context.close();
  }
}

/** The same in a `context` that stays open: who is signed in there already may have nothing to do. */
export async function visitIn(context, settings) {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  await settings.factors?.plugIn(page);
  const { statuses, posted } = recordOf(page);
  const complaints = complaintsOf(page, (address) => new URL(address).hostname !== settings.provider);
  const told = { visited: [], posted, complaints };
  await page.goto(settings.app);
  for (let typed = false; told.visited.length < STEPS_MAX; ) {
    await recognised(page, settings);
    told.visited.push(new URL(page.url()).pathname);
    const shown = page.locator('#id-token-claims');
    if (await shown.count()) {
      const claims = JSON.parse(await shown.textContent());
      await settings.factors?.unplug();
      return { ...told, claims };
    }
    const form = (await page.locator(PASSWORD).count()) > 0;
    if ((form && typed) || (await page.locator('.dex-error').count())) {
      const stopped = { url: page.url(), status: statuses.at(-1), text: await page.locator('body').innerText() };
      return { ...told, stopped };
    }
    await act(page, settings);
    typed ||= form;
  }
  throw new Error(`more than ${STEPS_MAX} pages: ${told.visited.join(' ')}`);
}

/** What the pages answered with, and what was posted to dex by an identity provider's page. */
function recordOf(page) {
  const [statuses, posted] = [[], []];
  page.on('response', (response) => {
    const request = response.request();
    if (request.isNavigationRequest() && request.frame() === page.mainFrame()) statuses.push(response.status());
  });
  page.on('request', (request) => {
    const form = new URLSearchParams(request.postData() ?? '');
    if (form.has('SAMLResponse')) posted.push({ url: request.url(), ...Object.fromEntries(form) });
  });
  return { statuses, posted };
}

/** Waits for a page that asks something of a person or is the end. Those between send themselves on. */
async function recognised(page, settings) {
  const factors = settings.factors?.pages ?? [];
  const any = ['#id-token-claims', '.dex-error', PASSWORD, ...factors, ...wantedOf(settings)].join(', ');
  try {
    await page.locator(any).first().waitFor({ state: 'attached' });
  } catch {
    throw new Error(`stopped at ${page.url()}: ${await page.locator('body').innerText()}`);
  }
}

function wantedOf({ connector }) {
  return [
    '#login-button',
    'form:has(input[name=approval][value=approve]) button',
    `a[href*="/auth/${connector}"]`,
  ];
}

/** Does what the page asks of a person, and waits for the next page. */
async function act(page, settings) {
  if (await settings.factors?.show(page, leave)) return;
  const password = page.locator(PASSWORD);
  if (await password.count()) {
    await page.locator('input[name=login], input[name=username]').fill(settings.login);
    await password.fill(settings.password);
    return leave(page, () => password.press('Enter'));
  }
  for (const wanted of wantedOf(settings)) {
    const target = page.locator(wanted);
    if (await target.count()) return leave(page, () => target.first().click());
  }
}

async function leave(page, press) {
  const next = page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame());
  await press();
  await next;
  await page.waitForLoadState('load');
}
