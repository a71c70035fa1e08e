package main

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// form is one form of a page.
type form struct {
	method string
	action *url.URL
	inputs []input
}

type input struct {
	name, value, kind string
}

// parse finds the forms and links of a page.
func parse(at *url.URL, text string) (*page, error) {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	shown := &page{at: at, text: text}
	for node := range root.Descendants() {
		switch {
		case node.Type != html.ElementNode:
		case node.Data == "form":
			shown.addForm(node)
		case node.Data == "a" && attribute(node, "href") != "":
			if link, err := at.Parse(attribute(node, "href")); err == nil {
				shown.links = append(shown.links, link)
			}
		}
	}
	return shown, nil
}

func (p *page) addForm(node *html.Node) {
	action, err := p.at.Parse(attribute(node, "action"))
	if err != nil {
		return
	}
	method := http.MethodGet
	if strings.EqualFold(attribute(node, "method"), http.MethodPost) {
		method = http.MethodPost
	}
	found := form{method: method, action: action}
	for field := range node.Descendants() {
		if field.Type != html.ElementNode || (field.Data != "input" && field.Data != "button") {
			continue
		}
		kind := attribute(field, "type")
		if field.Data == "button" && kind == "" {
			kind = "submit"
		}
		found.inputs = append(found.inputs, input{attribute(field, "name"), attribute(field, "value"), kind})
	}
	p.forms = append(p.forms, found)
}

// values is what the form sends when nothing is changed and its first button is pressed.
func (f form) values() url.Values {
	values := url.Values{}
	pressed := false
	for _, field := range f.inputs {
		if field.kind == "submit" {
			if pressed {
				continue
			}
			pressed = true
		}
		if field.name != "" && field.kind != "checkbox" {
			values.Add(field.name, field.value)
		}
	}
	return values
}

// hiddenOnly tells a form that only carries something on from one that asks the user.
func (f form) hiddenOnly() bool {
	for _, field := range f.inputs {
		if field.kind != "hidden" && field.kind != "submit" {
			return false
		}
	}
	return len(f.inputs) > 0
}

func (f form) submit(values url.Values) *http.Request {
	if f.method == http.MethodGet {
		target := *f.action
		target.RawQuery = values.Encode()
		request, _ := http.NewRequest(http.MethodGet, target.String(), nil)
		return request
	}
	request, _ := http.NewRequest(http.MethodPost, f.action.String(), strings.NewReader(values.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

func attribute(node *html.Node, name string) string {
	for _, attr := range node.Attr {
		if attr.Key == name {
			return attr.Val
		}
	}
	return ""
}
