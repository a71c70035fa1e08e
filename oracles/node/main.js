// An application that signs in with openid-client, the library of most Node applications. It plays the user's browser too.
//
// The first argument is the grant to try; the environment says where (ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI,
// LOGIN, PASSWORD, CONNECTOR). It prints one line of JSON with what it learnt and ends with status 0, or says on
// standard error why not and ends with status 1.

import * as client from 'openid-client';
import { Browser } from './browser.js';

const SCOPE = 'openid profile email groups offline_access';

const settings = {
  issuer: process.env.ISSUER,
  clientId: process.env.CLIENT_ID,
  clientSecret: process.env.CLIENT_SECRET,
  redirectUri: process.env.REDIRECT_URI,
  login: process.env.LOGIN,
  password: process.env.PASSWORD,
  connector: process.env.CONNECTOR,
};

const grants = { code, form_post: formPost, hybrid, device, client_credentials: clientCredentials, logout };

async function discover() {
  const authentication = settings.clientSecret
    ? client.ClientSecretBasic(settings.clientSecret)
    : client.None();
  const execute = [client.enableNonRepudiationChecks]; // Verifies signatures even where the library would trust TLS.
  if (settings.issuer.startsWith('http:')) execute.push(client.allowInsecureRequests);
  return client.discovery(new URL(settings.issuer), settings.clientId, undefined, authentication, { execute });
}

/** Has the user sign in and exchanges the code; `more` are further parameters of the authorization request. */
async function signIn(config, more = {}, browser = new Browser(settings)) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  };
  const address = client.buildAuthorizationUrl(config, {
    redirect_uri: settings.redirectUri,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...more,
  });
  const answer = await browser.signIn(address);
  return { answer, checks, tokens: await client.authorizationCodeGrant(config, answer, checks) };
}

async function code(config) {
  const { answer, checks, tokens } = await signIn(config);
  const learnt = await identify(config, tokens);
  await introspect(config, tokens);
  await refresh(config, tokens, learnt.sub);
  const refusal = await client.authorizationCodeGrant(config, answer, checks).then(
    () => fail('a code was accepted twice'),
    (error) => error.error,
  );
  return { ...learnt, refreshed: true, code_replay: refusal };
}

/** The same with the answer posted to the application by a page (OAuth 2.0 Form Post Response Mode). */
async function formPost(config) {
  const { answer, tokens } = await signIn(config, { response_mode: 'form_post' });
  if (!(answer instanceof Request)) fail('the answer was not posted');
  return identify(config, tokens);
}

/** `response_type=code id_token`: the library checks c_hash of the ID token that comes with the code. */
async function hybrid(config) {
  client.useCodeIdTokenResponseType(config);
  const { tokens } = await signIn(config);
  return identify(config, tokens);
}

async function device(config) {
  const offer = await client.initiateDeviceAuthorization(config, { scope: SCOPE });
  await new Browser(settings).approveDevice(new URL(offer.verification_uri_complete));
  const tokens = await client.pollDeviceAuthorizationGrant(config, offer);
  const learnt = await identify(config, tokens);
  await refresh(config, tokens, learnt.sub);
  return { ...learnt, refreshed: true };
}

/** Signs in, has the user signed out again (RP-Initiated Logout), and looks whether anybody is signed in afterwards. */
async function logout(config) {
  const browser = new Browser(settings);
  const { tokens } = await signIn(config, {}, browser);
  await signIn(config, { prompt: 'none' }, browser);
  const state = client.randomState();
  const address = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: settings.redirectUri,
    state,
  });
  const back = await browser.signIn(address);
  if (back.searchParams.get('state') !== state) fail(`the logout led back with ${back.search}`);
  const refusal = await signIn(config, { prompt: 'none' }, browser).then(
    () => fail('the user is still signed in'),
    (error) => error.error,
  );
  return { sub: tokens.claims().sub, afterwards: refusal };
}

async function clientCredentials(config) {
  const tokens = await client.clientCredentialsGrant(config, { scope: 'openid' });
  if (tokens.refresh_token) fail('a refresh token for an application itself (RFC 6749 section 4.4.3)');
  return { sub: await introspect(config, tokens) };
}

async function identify(config, tokens) {
  const claims = tokens.claims();
  const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  if (info.email !== claims.email) fail(`userinfo says ${info.email}, the ID token ${claims.email}`);
  return { sub: claims.sub, email: claims.email, groups: claims.groups };
}

/** Asks whether the access token is good; returns its subject. */
async function introspect(config, tokens) {
  const said = await client.tokenIntrospection(config, tokens.access_token);
  if (said.active !== true || said.client_id !== settings.clientId) fail(`introspection says ${JSON.stringify(said)}`);
  return said.sub;
}

async function refresh(config, tokens, sub) {
  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
  if (fresh.claims().sub !== sub) fail(`sub was ${sub}, after the refresh ${fresh.claims().sub}`);
}

function fail(reason) {
  throw new Error(reason);
}

async function main(name = 'code') {
  const grant = grants[name] ?? fail(`no grant ${name} here`);
  const learnt = await grant(await discover());
  console.log(JSON.stringify({ ok: true, grant: name, ...learnt }));
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
