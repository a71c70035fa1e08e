package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// Limits of one visit: how many pages and redirects, and how much of a page is read, in bytes.
const (
	stepsMax = 20
	pageMax  = 1 << 20
)

// browser is a user with a browser: it keeps cookies, follows redirects and fills forms.
type browser struct {
	settings
	http *http.Client
}

// page is what the browser shows.
type page struct {
	at    *url.URL
	text  string
	forms []form
	links []*url.URL
}

func newBrowser(s settings) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // Without options it cannot fail.
	}
	// Redirects are followed by hand, since the last one leads to an application that does not listen.
	stop := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{settings: s, http: &http.Client{Jar: jar, CheckRedirect: stop}}
}

// signIn goes to address, does what the pages ask, and returns the parameters the application is sent.
func (b *browser) signIn(ctx context.Context, address string) (url.Values, error) {
	answer, shown, err := b.visit(ctx, address)
	if err == nil && answer == nil {
		return nil, fmt.Errorf("stopped at %s: %s", shown.at, shown.text)
	}
	return answer, err
}

// approveDevice goes to address and does what the pages ask until one asks nothing more.
func (b *browser) approveDevice(ctx context.Context, address string) error {
	answer, shown, err := b.visit(ctx, address)
	switch {
	case err != nil:
		return err
	case answer != nil:
		return fmt.Errorf("the device login led to an application: %v", answer)
	case !strings.HasSuffix(shown.at.Path, "/device/callback"):
		return fmt.Errorf("stopped at %s: %s", shown.at, shown.text)
	}
	return nil
}

// visit ends at the redirect URI, with its parameters, or at a page that asks nothing.
func (b *browser) visit(ctx context.Context, address string) (url.Values, *page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, nil, err
	}
	for range stepsMax {
		if request.Method == http.MethodGet && isRedirectURI(request.URL, b.redirectURI) {
			return parameters(request.URL), nil, nil
		}
		response, err := b.http.Do(request)
		if err != nil {
			return nil, nil, err
		}
		if location, err := response.Location(); err == nil {
			response.Body.Close()
			request, _ = http.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil)
			continue
		}
		shown, err := read(response)
		if err != nil {
			return nil, nil, err
		}
		next, answer := b.act(shown)
		if answer != nil || next == nil {
			return answer, shown, nil
		}
		request = next.WithContext(ctx)
	}
	return nil, nil, fmt.Errorf("more than %d steps", stepsMax)
}

// act fills the form of a page or follows a link of it; a form addressed to the application is the answer itself.
func (b *browser) act(shown *page) (*http.Request, url.Values) {
	for _, f := range shown.forms {
		values, wanted := b.fill(f)
		if !wanted {
			continue
		}
		if isRedirectURI(f.action, b.redirectURI) {
			return nil, values
		}
		return f.submit(values), nil
	}
	for _, link := range shown.links {
		if b.connector != "" && strings.HasSuffix(link.Path, "/auth/"+b.connector) {
			request, _ := http.NewRequest(http.MethodGet, link.String(), nil)
			return request, nil
		}
	}
	return nil, nil
}

// fill says what a user would send, and whether a user would send this form at all.
func (b *browser) fill(f form) (url.Values, bool) {
	values := f.values()
	switch {
	case values.Has("login") && values.Has("password"):
		values.Set("login", b.login)
		values.Set("password", b.password)
		return values, true
	case values.Has("approval"):
		return values, values.Get("approval") == "approve"
	case values.Has("user_code"):
		return values, values.Get("user_code") != ""
	default:
		return values, f.method == http.MethodPost && f.hiddenOnly()
	}
}

func read(response *http.Response) (*page, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, pageMax))
	if err != nil {
		return nil, err
	}
	at := response.Request.URL
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s %s: %s", at, response.Status, body)
	}
	return parse(at, string(body))
}

func isRedirectURI(at *url.URL, redirectURI string) bool {
	bare := *at
	bare.RawQuery, bare.Fragment = "", ""
	return bare.String() == redirectURI
}

func parameters(at *url.URL) url.Values {
	if values, err := url.ParseQuery(at.Fragment); err == nil && len(values) > 0 {
		return values
	}
	return at.Query()
}

func random() string {
	return rand.Text()
}
