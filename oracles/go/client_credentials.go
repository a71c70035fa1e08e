package main

import (
	"context"
	"fmt"

	"golang.org/x/oauth2/clientcredentials"
)

// clientCredentials signs in as the application itself. The access token is a JWT for it.
func clientCredentials(ctx context.Context, p *party) (result, error) {
	config := clientcredentials.Config{
		ClientID:     p.clientID,
		ClientSecret: p.clientSecret,
		TokenURL:     p.oauth.Endpoint.TokenURL,
		AuthStyle:    p.oauth.Endpoint.AuthStyle,
		Scopes:       []string{"openid"},
	}
	token, err := config.Token(ctx)
	if err != nil {
		return result{}, err
	}
	if token.RefreshToken != "" {
		return result{}, fmt.Errorf("a refresh token for an application itself (RFC 6749 section 4.4.3)")
	}
	accessToken, err := p.verifier.Verify(ctx, token.AccessToken)
	if err != nil {
		return result{}, fmt.Errorf("access token: %w", err)
	}
	return result{Subject: accessToken.Subject}, nil
}
