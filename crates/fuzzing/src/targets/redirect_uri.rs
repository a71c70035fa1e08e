//! Redirect URIs.

use dex_model::Client;
use dex_oidc::{OUT_OF_BAND, is_loopback_http};
use http::{StatusCode, Uri, header};

/// Our own device page.
const DEVICE: &str = "/dex/device/callback";

/// The URI of the confidential client.
const LISTED: &str = "https://app.example/callback";

/// A `redirect_uri` as a client names it. What is taken for this machine must be that for another parser too.
pub(super) fn redirect_uri(data: &[u8]) {
    let Some(asked) = super::text(data) else { return };
    let confidential = Client { redirect_uris: vec![LISTED.into(), "/device/callback".into()], ..Client::default() };
    let public = Client { public: true, ..Client::default() };
    if let Some(uri) = confidential.registered(asked, DEVICE) {
        assert_eq!(uri.as_str(), asked);
        assert!([LISTED, DEVICE, "/device/callback"].contains(&asked), "{asked:?} is not listed");
    }
    if let Some(uri) = public.registered(asked, DEVICE) {
        let ours = [OUT_OF_BAND, DEVICE].contains(&uri.as_str());
        assert!(ours || is_loopback_http(asked), "{asked:?} is not of this machine");
        let response = dex_web::redirect(StatusCode::SEE_OTHER, uri.as_str());
        let sent_to = response.headers()[header::LOCATION].to_str().expect("the address is visible ASCII");
        assert!(ours || is_loopback_http(sent_to), "{asked:?} became {sent_to:?}");
    }
    if is_loopback_http(asked) {
        assert_loopback(asked);
    }
}

fn assert_loopback(asked: &str) {
    // Another parser may refuse it, but not find another host.
    if let Ok(uri) = asked.parse::<Uri>() {
        let host = uri.host().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
        let here = address.is_ok_and(|address| address.to_canonical().is_loopback());
        assert!(host == "localhost" || here, "{asked:?} leads to {host:?}");
    }
}
