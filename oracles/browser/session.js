// A person who signs in once and is known afterwards: at a second application, on the home page of dex, and to a device.

import { complaintsOf } from './chromium.js';
import { visitIn } from './login.js';
import { shootAsItStands } from './shots.js';

/** Milliseconds a page may take to come. */
const PATIENCE = 15_000;

/**
 * Signs in at one application, visits another in the same browser, looks at the home page before and after, and lets a
 * device in.
 *
 * @param settings those of `logIn`; `other` is the second application's address, `issuer` that of dex, `client` the device's,
 *   and `folder` where pictures go, if anywhere
 * @returns what each application told, the texts of the home page (`nobody`, `home`), the session's `cookie` without its
 *   value, the `device`, and the `complaints` of all pages
 */
export async function staySignedIn(browser, settings) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const complaints = complaintsOf(page);
    const nobody = await home(page, settings, 'home-nobody');
    if (settings.folder) await pictureOfForm(page, settings);
    const first = await visitIn(context, settings);
    const second = await visitIn(context, { ...settings, app: settings.other });
    const known = await home(page, settings, 'home');
    const cookies = await context.cookies(settings.issuer);
    const { value: _, ...cookie } = cookies.find(({ name }) => name === 'dex_session');
    const device = await letIn(page, settings);
    const all = [...complaints, ...first.complaints, ...second.complaints];
    return { nobody, first, second, home: known, cookie, device, complaints: all };
  } finally {
    await context.close();
  }
}

async function home(page, { issuer, folder }, name) {
  await page.goto(issuer);
  if (folder) await shootAsItStands(page, folder, name);
  return page.locator('body').innerText();
}

/** Lets a device in, and returns its code, what the person was `asked`, and how it ended. */
async function letIn(page, { issuer, client, folder }) {
  const body = new URLSearchParams({ client_id: client, scope: 'openid email' });
  const answer = await fetch(`${issuer}/device/code`, { method: 'POST', body });
  const { user_code: code, verification_uri_complete: link } = await answer.json();
  await page.goto(link);
  await page.locator('form button[type=submit]').click();
  const approve = page.locator('form:has(input[name=approval][value=approve]) button');
  await approve.waitFor();
  const asked = await page.locator('body').innerText();
  if (folder) await shootAsItStands(page, folder, 'device-consent');
  await approve.click();
  await page.waitForURL(/\/device\/callback/);
  return { code, asked, done: await page.locator('body').innerText() };
}

/** The form is left as it came: the visit that follows begins anew. */
async function pictureOfForm(page, { app, connector, folder }) {
  await page.goto(app);
  await page.locator('#login-button').click();
  await page.locator(`a[href*="/auth/${connector}"]`).first().click();
  await page.locator('input[name=password]').waitFor();
  await shootAsItStands(page, folder, 'password');
}
