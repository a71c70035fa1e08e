// Relying-party is an application that signs in with github.com/coreos/go-oidc and golang.org/x/oauth2, the libraries
// that kube-apiserver, Argo CD and many others use. It plays the user's browser too.
//
// The first argument is the grant to try; the environment says where (see settings). It prints one line of JSON with
// what it learnt and ends with status 0, or says on standard error why not and ends with status 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// deadline is how long one run may take, the five seconds between two polls of the device grant included.
const deadline = 60 * time.Second

// settings is what the environment says: the provider, this application and the user.
type settings struct {
	issuer, clientID, clientSecret, redirectURI string
	login, password, connector                  string
}

// result is the line printed in the end.
type result struct {
	OK         bool     `json:"ok"`
	Grant      string   `json:"grant"`
	Subject    string   `json:"sub,omitempty"`
	Email      string   `json:"email,omitempty"`
	Groups     []string `json:"groups,omitempty"`
	Refreshed  bool     `json:"refreshed"`
	CodeReplay string   `json:"code_replay,omitempty"`
	IDToken    string   `json:"id_token,omitempty"`
}

// party is this application, knowing its provider.
type party struct {
	settings
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
	browser  *browser
}

var grants = map[string]func(context.Context, *party) (result, error){
	"code":               authorizationCode,
	"device":             device,
	"client_credentials": clientCredentials,
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	name := "code"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	grant, known := grants[name]
	if !known {
		return fmt.Errorf("no grant %q here", name)
	}
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	application, err := newParty(ctx, readSettings())
	if err != nil {
		return err
	}
	learnt, err := grant(ctx, application)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	learnt.OK, learnt.Grant = true, name
	return json.NewEncoder(os.Stdout).Encode(learnt)
}

func readSettings() settings {
	return settings{
		issuer:       os.Getenv("ISSUER"),
		clientID:     os.Getenv("CLIENT_ID"),
		clientSecret: os.Getenv("CLIENT_SECRET"),
		redirectURI:  os.Getenv("REDIRECT_URI"),
		login:        os.Getenv("LOGIN"),
		password:     os.Getenv("PASSWORD"),
		connector:    os.Getenv("CONNECTOR"),
	}
}

func newParty(ctx context.Context, s settings) (*party, error) {
	provider, err := oidc.NewProvider(ctx, s.issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if s.clientSecret == "" {
		endpoint.AuthStyle = oauth2.AuthStyleInParams // A public client only names itself.
	}
	return &party{
		settings: s,
		provider: provider,
		verifier: provider.Verifier(&oidc.Config{ClientID: s.clientID}),
		browser:  newBrowser(s),
		oauth: oauth2.Config{
			ClientID:     s.clientID,
			ClientSecret: s.clientSecret,
			Endpoint:     endpoint,
			RedirectURL:  s.redirectURI,
			Scopes:       []string{oidc.ScopeOpenID, "profile", "email", "groups", oidc.ScopeOfflineAccess},
		},
	}, nil
}

// verify checks the ID token that came with an access token: signature, issuer, audience, expiry, nonce, at_hash.
func (p *party) verify(ctx context.Context, token *oauth2.Token, nonce string) (*oidc.IDToken, error) {
	raw, present := token.Extra("id_token").(string)
	if !present {
		return nil, fmt.Errorf("no id_token in the answer")
	}
	idToken, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("ID token: %w", err)
	}
	if idToken.Nonce != nonce {
		return nil, fmt.Errorf("nonce is %q, sent was %q", idToken.Nonce, nonce)
	}
	if err := idToken.VerifyAccessToken(token.AccessToken); err != nil {
		return nil, fmt.Errorf("at_hash: %w", err)
	}
	return idToken, nil
}

// identify reads the claims of an ID token and asks userinfo whether it agrees.
func (p *party) identify(ctx context.Context, token *oauth2.Token, idToken *oidc.IDToken) (result, error) {
	var claims struct {
		Email  string   `json:"email"`
		Groups []string `json:"groups"`
	}
	if err := idToken.Claims(&claims); err != nil {
		return result{}, fmt.Errorf("claims: %w", err)
	}
	info, err := p.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return result{}, fmt.Errorf("userinfo: %w", err)
	}
	if info.Subject != idToken.Subject || info.Email != claims.Email {
		return result{}, fmt.Errorf("userinfo says %s %s, the ID token %s %s",
			info.Subject, info.Email, idToken.Subject, claims.Email)
	}
	raw, _ := token.Extra("id_token").(string)
	return result{Subject: idToken.Subject, Email: claims.Email, Groups: claims.Groups, IDToken: raw}, nil
}

// refresh uses the refresh token once; the new tokens must be for the same user.
func (p *party) refresh(ctx context.Context, token *oauth2.Token, subject string) error {
	if token.RefreshToken == "" {
		return fmt.Errorf("no refresh_token although offline_access was granted")
	}
	fresh, err := p.oauth.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	raw, _ := fresh.Extra("id_token").(string)
	idToken, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return fmt.Errorf("refreshed ID token: %w", err)
	}
	if err := idToken.VerifyAccessToken(fresh.AccessToken); err != nil {
		return fmt.Errorf("refreshed at_hash: %w", err)
	}
	if idToken.Subject != subject {
		return fmt.Errorf("sub was %s, after the refresh %s", subject, idToken.Subject)
	}
	return nil
}
