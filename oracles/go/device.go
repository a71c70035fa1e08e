package main

import (
	"context"
	"fmt"

	"golang.org/x/oauth2"
)

// device signs in as a device without a browser would: the user enters its code elsewhere (RFC 8628).
func device(ctx context.Context, p *party) (result, error) {
	// The library leaves the client's authentication at this endpoint (RFC 8628 section 3.1) to its user.
	var authentication []oauth2.AuthCodeOption
	if p.clientSecret != "" {
		authentication = append(authentication, oauth2.SetAuthURLParam("client_secret", p.clientSecret))
	}
	offer, err := p.oauth.DeviceAuth(ctx, authentication...)
	if err != nil {
		return result{}, fmt.Errorf("device authorization: %w", err)
	}
	if offer.VerificationURIComplete == "" || offer.UserCode == "" {
		return result{}, fmt.Errorf("the offer lacks its user code or complete address")
	}
	if err := p.browser.approveDevice(ctx, offer.VerificationURIComplete); err != nil {
		return result{}, err
	}
	token, err := p.oauth.DeviceAccessToken(ctx, offer)
	if err != nil {
		return result{}, fmt.Errorf("poll: %w", err)
	}
	idToken, err := p.verify(ctx, token, "")
	if err != nil {
		return result{}, err
	}
	learnt, err := p.identify(ctx, token, idToken)
	if err != nil {
		return result{}, err
	}
	learnt.Refreshed = true
	return learnt, p.refresh(ctx, token, idToken.Subject)
}
