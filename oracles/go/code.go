package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// authorizationCode signs in with PKCE, state and nonce, uses the refresh token, and presents the code once more.
func authorizationCode(ctx context.Context, p *party) (result, error) {
	state, nonce, verifier := random(), random(), oauth2.GenerateVerifier()
	begin := p.oauth.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
	answer, err := p.browser.signIn(ctx, begin)
	if err != nil {
		return result{}, err
	}
	if answer.Get("error") != "" {
		return result{}, fmt.Errorf("%s: %s", answer.Get("error"), answer.Get("error_description"))
	}
	if answer.Get("state") != state {
		return result{}, fmt.Errorf("state is %q, sent was %q", answer.Get("state"), state)
	}
	// RFC 9207: who sends iss must send its own.
	if answer.Has("iss") && answer.Get("iss") != p.issuer {
		return result{}, fmt.Errorf("iss is %q", answer.Get("iss"))
	}
	token, err := p.oauth.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return result{}, fmt.Errorf("exchange: %w", err)
	}
	idToken, err := p.verify(ctx, token, nonce)
	if err != nil {
		return result{}, err
	}
	learnt, err := p.identify(ctx, token, idToken)
	if err != nil {
		return result{}, err
	}
	if err := p.refresh(ctx, token, idToken.Subject); err != nil {
		return result{}, err
	}
	learnt.Refreshed = true
	learnt.CodeReplay, err = p.replay(ctx, answer.Get("code"), verifier)
	return learnt, err
}

// replay presents a spent code and returns the error code of the refusal.
func (p *party) replay(ctx context.Context, code, verifier string) (string, error) {
	_, err := p.oauth.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	var refusal *oauth2.RetrieveError
	switch {
	case err == nil:
		return "", fmt.Errorf("a code was accepted twice")
	case !errors.As(err, &refusal):
		return "", fmt.Errorf("a spent code: %w", err)
	default:
		return refusal.ErrorCode, nil
	}
}
