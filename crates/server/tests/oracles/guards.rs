//! Programs that stand before an application and ask dex who somebody is.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use dex_peers::Guard;
use serde_json::{Map, Value};

use crate::browser::visit;
use crate::dex::{Dex, WEB, free_port};

/// An application that shows each visitor the headers of the request, as JSON in a page.
fn application() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().flatten().for_each(show_headers));
    address
}

fn show_headers(stream: TcpStream) {
    let lines = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_ascii_lowercase(), Value::from(value)))
    });
    let headers: Map<String, Value> = headers.collect();
    let shown = Value::from(headers).to_string().replace('<', "&lt;");
    let page = format!("<!doctype html><title>In</title><pre id=\"id-token-claims\">{shown}</pre>");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n";
    // A browser that has gone does not wait for it.
    let _ = (&stream).write_all(format!("{head}content-length: {}\r\n\r\n{page}", page.len()).as_bytes());
}

fn guarded<'a>(port: u16, dex: &'a Dex, application: &'a str) -> Guard<'a> {
    Guard { port, issuer: &dex.issuer, client_id: WEB.id, client_secret: WEB.secret, application }
}

#[tokio::test(flavor = "multi_thread")]
async fn oauth2_proxy_lets_in_who_has_logged_in() {
    let (port, application) = (free_port(), application());
    let dex = Dex::called_back_at(&format!("http://127.0.0.1:{port}/oauth2/callback"));
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/bin/oauth2-proxy");
    let _proxy = dex_peers::Oauth2Proxy::start(&program, &guarded(port, &dex, &application)).await.unwrap();
    let headers = visit(&dex, &format!("http://127.0.0.1:{port}/"), "mock");
    assert_eq!(headers["x-forwarded-email"], "kilgore@kilgore.trout", "{headers}");
    assert_eq!(headers["x-forwarded-groups"], "authors", "{headers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mod_auth_openidc_lets_in_who_has_logged_in() {
    let (port, application) = (free_port(), application());
    let dex = Dex::called_back_at(&format!("http://127.0.0.1:{port}/callback"));
    let _apache = dex_peers::Apache::start(&guarded(port, &dex, &application)).await.unwrap();
    let headers = visit(&dex, &format!("http://127.0.0.1:{port}/"), "local");
    assert_eq!(headers["oidc_claim_email"], "admin@example.com", "{headers}");
    assert_eq!(headers["oidc_claim_iss"], dex.issuer.as_str(), "{headers}");
}
