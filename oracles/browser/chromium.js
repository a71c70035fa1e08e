// Debian's Chromium, started so that it talks to nobody but the pages it is shown.

import { chromium } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';

const FLAGS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];

/** Gives `work` a browser and closes it whatever happens. */
export async function withBrowser(work) {
  // The sandbox of Chromium refuses to run as root.
  const args = process.getuid() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS;
  const browser = await chromium.launch({ executablePath: EXECUTABLE, args });
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

/**
 * Collects what a developer would see in red: errors of scripts, of the content security policy, of loading. What is at an
 * address that is not `ours` is for others to mend.
 */
export function complaintsOf(page, ours = () => true) {
  const complaints = [];
  const complain = (address, told) => {
    if (ours(address)) complaints.push(`${address}: ${told}`);
  };
  page.on('console', (message) => {
    if (message.type() === 'error') complain(page.url(), message.text());
  });
  page.on('pageerror', (error) => complain(page.url(), error));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText;
    // Leaving a page ends what it still listens to.
    if (reason !== 'net::ERR_ABORTED') complain(request.url(), reason);
  });
  return complaints;
}
