//! What the browser brings back (RFC 6749 §4.1.2).

use dex_connector::UpstreamError;
use dex_oidc::Form;
use url::Url;

use crate::client::one_line;

/// The code the browser brought back.
///
/// # Errors
///
/// [`UpstreamError::Denied`] with `error` and `error_description`, as Dex words them; [`UpstreamError::Unreachable`] if that is
/// `temporarily_unavailable`; [`UpstreamError::Unacceptable`] if there is neither an error nor a code.
pub fn returned_code(parameters: &Form) -> Result<&str, UpstreamError> {
    let (error, description) = (parameters.get("error"), parameters.get("error_description"));
    if !error.is_empty() {
        let text = match description.is_empty() {
            true => one_line(error),
            false => format!("{}: {}", one_line(error), one_line(description)),
        };
        return Err(match error {
            "temporarily_unavailable" => UpstreamError::Unreachable(text.into()),
            _ => UpstreamError::Denied(text),
        });
    }
    match parameters.get("code") {
        "" => Err(UpstreamError::Unacceptable("the browser came back with neither a code nor an error".into())),
        code => Ok(code),
    }
}

/// Checks that a configured `redirectURI` is our callback.
///
/// # Errors
///
/// [`UpstreamError::Misconfigured`], in Dex's words.
pub fn expect_callback(configured: &str, callback: &Url) -> Result<(), UpstreamError> {
    match configured == callback.as_str() {
        true => Ok(()),
        false => Err(UpstreamError::Misconfigured(format!(
            "expected callback URL \"{callback}\" did not match the URL in the config {configured:?}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_at_the_callback_are_told_in_one_short_line() {
        let long = "x ".repeat(500);
        let cases = [
            (vec![("error", "access_denied")], "refused: access_denied"),
            (
                vec![("error", "access_denied"), ("error_description", "no\nway\u{7}"), ("code", "c")],
                "refused: access_denied: no way",
            ),
            (vec![("error", "temporarily_unavailable")], "cannot be reached: temporarily_unavailable"),
            (vec![("error", "login_required"), ("error_description", &long)], "..."),
            (vec![("state", "s")], "neither a code nor an error"),
        ];
        for (parameters, told) in cases {
            let error = returned_code(&Form::of(parameters)).unwrap_err().to_string();
            assert!(error.ends_with(told) && error.len() < 300, "{error}");
        }
        assert_eq!(returned_code(&Form::of([("code", "c")])).unwrap(), "c");
    }

    #[test]
    fn the_configured_redirect_is_our_callback_to_the_byte() {
        let callback = "https://id.example/dex/callback".parse().unwrap();
        assert!(expect_callback("https://id.example/dex/callback", &callback).is_ok());
        for other in ["", "https://id.example/dex/callback/", "https://ID.example/dex/callback"] {
            let error = expect_callback(other, &callback).unwrap_err().to_string();
            assert!(
                error.contains("expected callback URL \"https://id.example/dex/callback\" did not match"),
                "{error}"
            );
        }
    }
}
