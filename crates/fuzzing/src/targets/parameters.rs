//! Forms, and the texts that hold two strings.

use dex_oidc::{Form, PARAMETERS_MAX, decode_pair, encode_form, encode_pair};

/// A query or form body: what was understood is understood again when it is written.
pub(super) fn form(data: &[u8]) {
    let Ok(form) = Form::parse(data) else { return };
    assert!(form.pairs().count() <= PARAMETERS_MAX);
    let again = Form::parse(encode_form(form.pairs()).as_bytes());
    assert_eq!(again.as_ref(), Ok(&form));
    let sorted = Form::parse(form.encode_sorted().as_bytes()).expect("our own query is one");
    for (name, _) in form.pairs() {
        assert_eq!(sorted.get(name), form.get(name), "the first of a name stays the first");
    }
}

/// `sub`, a refresh token: what was understood is understood again when it is written.
pub(super) fn pair(data: &[u8]) {
    let Some(pair) = super::text(data).and_then(decode_pair) else { return };
    let again = decode_pair(&encode_pair(&pair.first, &pair.second));
    assert!(again == Some(pair), "written and read again it is another");
}
