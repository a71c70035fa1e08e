// A real browser, for what a person does and sees.
//
//   node main.js login                  signs in at the example application (APP, LOGIN, PASSWORD, CONNECTOR;
//                                       PROVIDER is the host of an identity provider, which may be odd)
//   node main.js refused                the same, where it must come to nothing: tells at which page
//   node main.js shots FOLDER URL...    takes pictures of pages
//
// Prints one line of JSON and ends with status 0, or says on standard error why not and ends with status 1. Errors in a
// page's console are a failure.

import { withBrowser } from './chromium.js';
import { logIn } from './login.js';
import { shoot } from './shots.js';

const modes = {
  async login() {
    const { claims, stopped, visited, posted, complaints } = await visit();
    if (stopped) throw new Error(`stopped at ${stopped.url}: ${stopped.text}`);
    refuse(complaints);
    return { ...claims, visited, posted };
  },

  async refused() {
    // A page that is a refusal is complained of for its status.
    const { claims, stopped, visited } = await visit();
    if (claims) throw new Error(`signed in: ${JSON.stringify(claims)}`);
    return { ...stopped, visited };
  },

  async shots(folder, ...addresses) {
    const { files, complaints } = await withBrowser((browser) => shoot(browser, folder, addresses));
    refuse(complaints);
    return { files };
  },
};

function visit() {
  const { APP: app, LOGIN: login, PASSWORD: password, CONNECTOR: connector, PROVIDER: provider } = process.env;
  return withBrowser((browser) => logIn(browser, { app, login, password, connector, provider }));
}

function refuse(complaints) {
  if (complaints.length) throw new Error(complaints.join('\n'));
}

async function main([name, ...rest]) {
  const mode = modes[name];
  if (!mode) throw new Error('say login, refused or shots');
  console.log(JSON.stringify({ ok: true, mode: name, ...(await mode(...rest)) }));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
