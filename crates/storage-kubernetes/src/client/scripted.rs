//! For tests: an API server that answers what it is told to, one connection an answer.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Api;
use crate::access::{Access, Credential};

/// An answer: a status with further headers, and a body. Without a status the connection is closed.
pub(crate) type Line = (&'static str, String);

/// The client of a server that gives these answers in turn, and the first lines of what it was asked.
pub(crate) async fn api(answers: Vec<Line>) -> (Api, JoinHandle<Vec<String>>) {
    // Every test may be the first one.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let access = Access {
        server: format!("http://{}", listener.local_addr().unwrap()),
        namespace: "dex".into(),
        ca: None,
        skip_verify: false,
        proxy: None,
        credential: Credential::None,
    };
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            asked.push(request.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned());
            if !status.is_empty() {
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
        asked
    });
    (Api::connect(access).await.unwrap(), asked)
}
