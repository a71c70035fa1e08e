// A real browser, for what a person does and sees.
//
//   node main.js login                  signs in at the example application (APP, LOGIN, PASSWORD, CONNECTOR)
//   node main.js shots FOLDER URL...    takes pictures of pages
//
// Prints one line of JSON and ends with status 0, or says on standard error why not and ends with status 1. Errors in a
// page's console are a failure.

import { withBrowser } from './chromium.js';
import { logIn } from './login.js';
import { shoot } from './shots.js';

const modes = {
  async login() {
    const { APP: app, LOGIN: login, PASSWORD: password, CONNECTOR: connector } = process.env;
    const { claims, visited, complaints } = await withBrowser((browser) =>
      logIn(browser, { app, login, password, connector }),
    );
    refuse(complaints);
    return { ...claims, visited };
  },

  async shots(folder, ...addresses) {
    const { files, complaints } = await withBrowser((browser) => shoot(browser, folder, addresses));
    refuse(complaints);
    return { files };
  },
};

function refuse(complaints) {
  if (complaints.length) throw new Error(complaints.join('\n'));
}

async function main([name, ...rest]) {
  const mode = modes[name];
  if (!mode) throw new Error('say login or shots');
  console.log(JSON.stringify({ ok: true, mode: name, ...(await mode(...rest)) }));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
