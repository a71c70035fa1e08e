// An OpenID provider for tests: oidc-provider with one client, one user, and groups that a test changes.
//
// Started as `node provider.js PORT ISSUER`; it listens on PORT and calls itself ISSUER. `PUT /groups` with a JSON list says
// what the user's groups are from then on, and `PUT /gone` ends the account.

import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, issuer] = process.argv.slice(2);
let groups = ["staff", "admins"];
let gone = false;

const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });

const provider = new Provider(issuer, {
  jwks: { keys: [{ ...key, alg: "ES256", use: "sig" }] },
  clients: [
    {
      client_id: "dex",
      client_secret: "provider-secret/+&",
      redirect_uris: [process.env.REDIRECT_URI],
      grant_types: ["authorization_code", "refresh_token"],
      id_token_signed_response_alg: "ES256",
    },
  ],
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], email: ["email", "email_verified"], groups: ["groups"] },
  scopes: ["openid", "offline_access", "profile", "email", "groups"],
  conformIdTokenClaims: false,
  rotateRefreshToken: true,
  pkce: { required: () => true },
  cookies: { keys: ["only for tests"] },
  async findAccount(_, id) {
    if (gone) return undefined;
    return {
      accountId: id,
      claims: () => ({
        sub: id,
        name: `Name of ${id}`,
        preferred_username: id,
        email: `${id}@provider.example`,
        email_verified: true,
        groups,
      }),
    };
  },
});

provider.use(async (context, next) => {
  if (context.method === "PUT" && context.path === "/groups") {
    const chunks = [];
    for await (const chunk of context.req) chunks.push(chunk);
    groups = JSON.parse(Buffer.concat(chunks).toString());
    context.status = 204;
  } else if (context.method === "PUT" && context.path === "/gone") {
    gone = true;
    context.status = 204;
  } else {
    await next();
  }
});

provider.listen(Number(port), "127.0.0.1");
