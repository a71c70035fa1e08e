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

/** Collects what a developer would see in red: errors of scripts, of the content security policy, of loading. */
export function complaintsOf(page) {
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error}`));
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText;
    // Leaving a page ends what it still listens to.
    if (reason !== 'net::ERR_ABORTED') complaints.push(`${request.url()}: ${reason}`);
  });
  return complaints;
}
