// Pictures of pages, narrow and wide, light and dark, for a person to look at.

import { complaintsOf } from './chromium.js';

const WIDTHS = [360, 1440];
const HEIGHT = 800;
const SCHEMES = ['light', 'dark'];

/** Writes `<name>-<width>.png` into `folder`: the page as it stands, narrow and wide. */
export async function shootAsItStands(page, folder, name) {
  const before = page.viewportSize();
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    await page.screenshot({ path: `${folder}/${name}-${width}.png`, fullPage: true });
    if (await overflows(page)) throw new Error(`${page.url()}: wider than ${width} pixels`);
  }
  await page.setViewportSize(before);
}

/** Writes `<number>-<width>-<scheme>.png` into `folder` for every address; returns the names and whatever went wrong. */
export async function shoot(browser, folder, addresses) {
  const files = [];
  const complaints = [];
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      const context = await browser.newContext({ viewport: { width, height: HEIGHT }, colorScheme });
      const page = await context.newPage();
      const said = complaintsOf(page);
      for (const [index, address] of addresses.entries()) {
        await page.goto(address);
        const path = `${folder}/${index + 1}-${width}-${colorScheme}.png`;
        await page.screenshot({ path, fullPage: true });
        files.push(path);
        if (await overflows(page)) said.push(`${address}: wider than ${width} pixels`);
      }
      complaints.push(...said);
      await context.close();
    }
  }
  return { files, complaints };
}

function overflows(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}
