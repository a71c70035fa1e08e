// A real browser, for what a person does and sees.
//
//   node main.js login                  signs in at the example application (APP, LOGIN, PASSWORD, CONNECTOR;
//                                       PROVIDER is the host of an identity provider, which may be odd)
//   node main.js refused                the same, where it must come to nothing: tells at which page
//   node main.js session [FOLDER]       signs in at APP, visits OTHER without typing anything, looks at the home page ISSUER,
//                                       and lets a device of CLIENT_ID in; takes pictures if there is a folder for them
//   node main.js logout                 signs in at APP, logs out at ISSUER or at THERE, and signs in again
//   node main.js factors                signs in at APP with second factors that are set up on the way, and again elsewhere
//   node main.js shots FOLDER URL...    takes pictures of pages
//
// Prints one line of JSON and ends with status 0, or says on standard error why not and ends with status 1. Errors in a
// page's console are a failure.

import { withBrowser } from './chromium.js';
import { logIn } from './login.js';
import { logOut } from './logout.js';
import { Factors } from './second_factor.js';
import { staySignedIn } from './session.js';
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

  async session(folder) {
    const { ISSUER: issuer, OTHER: other, CLIENT_ID: client } = process.env;
    const visits = { ...settings(), issuer, other, client, folder };
    const told = await withBrowser((browser) => staySignedIn(browser, visits));
    refuse(told.complaints);
    return told;
  },

  async logout() {
    const { ISSUER: issuer, THERE: there } = process.env;
    const { complaints, ...told } = await withBrowser((browser) => logOut(browser, { ...settings(), issuer, there }));
    refuse(complaints);
    return told;
  },

  async factors() {
    const factors = new Factors();
    const once = async (browser) => {
      factors.asked = [];
      const { claims, stopped, visited, complaints } = await logIn(browser, { ...settings(), factors });
      if (stopped) throw new Error(`stopped at ${stopped.url}: ${stopped.text}`);
      refuse(complaints);
      return { sub: claims.sub, asked: factors.asked, visited };
    };
    const [first, again] = await withBrowser(async (browser) => [await once(browser), await once(browser)]);
    return { first, again };
  },

  async shots(folder, ...addresses) {
    const { files, complaints } = await withBrowser((browser) => shoot(browser, folder, addresses));
    refuse(complaints);
    return { files };
  },
};

function visit() {
  return withBrowser((browser) => logIn(browser, settings()));
}

function settings() {
  const { APP: app, LOGIN: login, PASSWORD: password, CONNECTOR: connector, PROVIDER: provider } = process.env;
  return { app, login, password, connector, provider };
}

function refuse(complaints) {
  if (complaints.length) throw new Error(complaints.join('\n'));
}

async function main([name, ...rest]) {
  const mode = modes[name];
  if (!mode) throw new Error('say login, refused, session, logout, factors or shots');
  console.log(JSON.stringify({ ok: true, mode: name, ...(await mode(...rest)) }));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
