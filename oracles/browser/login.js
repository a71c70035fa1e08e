// A person who signs in at the example application: its home page, the pages of dex, the tokens.

import { complaintsOf } from './chromium.js';

/** How many pages one login may show. */
const STEPS_MAX = 12;

/** Milliseconds a page may take to come. */
const PATIENCE = 15_000;

/**
 * Signs in from the application's home page and returns the claims of the ID token that it shows.
 *
 * @param browser from `withBrowser`
 * @param settings `app` is the application's address; `login`, `password` and `connector` are the user's
 */
export async function logIn(browser, settings) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints = complaintsOf(page);
  const visited = [];
  await page.goto(settings.app);
  for (let step = 0; step < STEPS_MAX; step += 1) {
    visited.push(new URL(page.url()).pathname);
    const shown = page.locator('#id-token-claims');
    if (await shown.count()) {
      const claims = JSON.parse(await shown.textContent());
      await context.close();
      return { claims, visited, complaints };
    }
    await act(page, settings);
  }
  throw new Error(`more than ${STEPS_MAX} pages: ${visited.join(' ')}`);
}

/** Does what the page asks of a person, and waits for the next page. */
async function act(page, settings) {
  const name = page.locator('input[name=login]');
  if (await name.count()) {
    await name.fill(settings.login);
    await page.locator('input[name=password]').fill(settings.password);
    return leave(page, () => page.locator('input[name=password]').press('Enter'));
  }
  const wanted = [
    page.locator('#login-button'),
    page.locator('form:has(input[name=approval][value=approve]) button'),
    page.locator(`a[href*="/auth/${settings.connector}"]`),
  ];
  for (const target of wanted) {
    if (await target.count()) return leave(page, () => target.first().click());
  }
  throw new Error(`stopped at ${page.url()}: ${await page.locator('body').innerText()}`);
}

async function leave(page, press) {
  const next = page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame());
  await press();
  await next;
  await page.waitForLoadState('load');
}
