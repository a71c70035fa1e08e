"""An application that signs in with Authlib, the library of many Python applications. It plays the user's browser too.

The first argument is the grant to try; the environment says where (ISSUER, CLIENT_ID, CLIENT_SECRET, REDIRECT_URI,
LOGIN, PASSWORD, CONNECTOR). It prints one line of JSON with what it learnt and ends with status 0, or says on standard
error why not and ends with status 1.
"""

import json
import os
import sys
import time

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc import jwt
from joserfc.jwk import KeySet

from browser import Browser

SCOPE = "openid profile email groups offline_access"

# Seconds one request may take, and seconds the user may take to approve a device.
TIMEOUT = 10
DEVICE_TIMEOUT = 40


class Refused(Exception):
    """The provider did what it must not, or did not do what it must."""


class Party:
    """This application, knowing its provider."""

    def __init__(self, env):
        self.issuer = env["ISSUER"]
        self.client_id = env["CLIENT_ID"]
        self.redirect_uri = env["REDIRECT_URI"]
        self.secret = env.get("CLIENT_SECRET")
        self.session = OAuth2Session(
            self.client_id,
            self.secret,
            token_endpoint_auth_method="client_secret_basic" if self.secret else "none",
            scope=SCOPE,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )
        self.browser = Browser(self.redirect_uri, env.get("LOGIN"), env.get("PASSWORD"), env.get("CONNECTOR"))
        self.provider = OpenIDProviderMetadata(self.get(get_well_known_url(self.issuer, external=True)))
        self.provider.validate_issuer()
        if self.provider["issuer"] != self.issuer:
            raise Refused(f"discovery names the issuer {self.provider['issuer']}")

    def get(self, url, **arguments):
        """A JSON document."""
        answer = self.session.request("GET", url, withhold_token=True, timeout=TIMEOUT, **arguments)
        answer.raise_for_status()
        return answer.json()

    def verify(self, token, nonce=None):
        """Checks the ID token: signature, issuer, audience, expiry, nonce, at_hash."""
        keys = KeySet.import_key_set(self.get(self.provider["jwks_uri"]))
        algorithms = self.provider["id_token_signing_alg_values_supported"]
        decoded = jwt.decode(token["id_token"], keys, algorithms=algorithms)
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={"iss": {"values": [self.issuer]}, "aud": {"values": [self.client_id]}},
            params={"nonce": nonce, "client_id": self.client_id, "access_token": token["access_token"]},
        )
        claims.validate(leeway=5)
        if "at_hash" not in claims:
            raise Refused("no at_hash in the ID token")
        return claims

    def identify(self, token, claims):
        """Asks userinfo whether it agrees with the ID token."""
        info = self.get(
            self.provider["userinfo_endpoint"], headers={"Authorization": f"Bearer {token['access_token']}"}
        )
        if (info["sub"], info.get("email")) != (claims["sub"], claims.get("email")):
            raise Refused(f"userinfo says {info}, the ID token {claims}")
        return {"sub": claims["sub"], "email": claims.get("email"), "groups": claims.get("groups")}

    def refresh(self, token, sub):
        """Uses the refresh token once; the new tokens must be for the same user."""
        fresh = self.session.refresh_token(
            self.provider["token_endpoint"], refresh_token=token["refresh_token"], timeout=TIMEOUT
        )
        claims = self.verify(fresh)
        if claims["sub"] != sub:
            raise Refused(f"sub was {sub}, after the refresh {claims['sub']}")

    def introspect(self, token):
        """Asks whether the access token is good."""
        answer = self.session.introspect_token(
            self.provider["introspection_endpoint"],
            token=token["access_token"],
            token_type_hint="access_token",
            timeout=TIMEOUT,
        ).json()
        if answer.get("active") is not True or answer.get("client_id") != self.client_id:
            raise Refused(f"introspection says {answer}")
        return answer["sub"]


def code(party):
    """Signs in with PKCE, state and nonce, uses the refresh token, and presents the code once more."""
    nonce, verifier = generate_token(), generate_token(48)
    address, state = party.session.create_authorization_url(
        party.provider["authorization_endpoint"], nonce=nonce, code_verifier=verifier
    )
    answer = party.browser.sign_in(address)
    arguments = {
        "authorization_response": answer,
        "state": state,
        "code_verifier": verifier,
        "timeout": TIMEOUT,
    }
    token = party.session.fetch_token(party.provider["token_endpoint"], **arguments)
    claims = party.verify(token, nonce)
    learnt = party.identify(token, claims)
    party.introspect(token)
    party.refresh(token, claims["sub"])
    try:
        party.session.fetch_token(party.provider["token_endpoint"], **arguments)
    except OAuthError as refusal:
        return {**learnt, "refreshed": True, "code_replay": refusal.error}
    raise Refused("a code was accepted twice")


def device(party):
    """Signs in as a device would (RFC 8628); Authlib leaves the polling to its user."""
    authentication = {"client_id": party.client_id}
    if party.secret:
        authentication["client_secret"] = party.secret
    offer = party.session.request(
        "POST",
        party.provider["device_authorization_endpoint"],
        withhold_token=True,
        data={**authentication, "scope": SCOPE},
        timeout=TIMEOUT,
    ).json()
    pending = poll(party, offer)
    if pending != "authorization_pending":
        raise Refused(f"before the user approved: {pending}")
    party.browser.approve_device(offer["verification_uri_complete"])
    ends = time.monotonic() + DEVICE_TIMEOUT
    while time.monotonic() < ends:
        time.sleep(offer.get("interval", 5))
        token = poll(party, offer)
        if not isinstance(token, str):
            claims = party.verify(token)
            return party.identify(token, claims)
        if token not in ("authorization_pending", "slow_down"):
            raise Refused(token)
    raise Refused("never approved")


def poll(party, offer):
    """The token, or the error code."""
    try:
        return party.session.fetch_token(
            party.provider["token_endpoint"],
            grant_type="urn:ietf:params:oauth:grant-type:device_code",
            device_code=offer["device_code"],
            timeout=TIMEOUT,
        )
    except OAuthError as error:
        return error.error


def client_credentials(party):
    """Signs in as the application itself."""
    token = party.session.fetch_token(
        party.provider["token_endpoint"], grant_type="client_credentials", scope="openid", timeout=TIMEOUT
    )
    if "refresh_token" in token:
        raise Refused("a refresh token for an application itself (RFC 6749 section 4.4.3)")
    return {"sub": party.introspect(token)}


GRANTS = {"code": code, "device": device, "client_credentials": client_credentials}


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "code"
    if os.environ["ISSUER"].startswith("http:"):
        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    try:
        learnt = GRANTS[name](Party(os.environ))
    except Exception as error:
        sys.exit(f"{name}: {type(error).__name__}: {error}")
    print(json.dumps({"ok": True, "grant": name, **learnt}))


if __name__ == "__main__":
    main()
