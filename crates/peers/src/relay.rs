//! A way to a server that a test can cut, without ending the server and what it keeps in memory.

use std::sync::Mutex;

use anyhow::Context as _;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A port of its own that leads to another one of this machine, until it is cut.
pub struct Relay {
    port: u16,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl Relay {
    /// A relay that leads nowhere yet: connections are refused.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub fn to_nowhere() -> anyhow::Result<Self> {
        Ok(Self { port: crate::free_port()?, running: Mutex::new(None) })
    }

    /// The port to ask at.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Leads to `port` from now on.
    ///
    /// # Errors
    ///
    /// When somebody else took the relay's own port meanwhile.
    pub async fn lead_to(&self, port: u16) -> anyhow::Result<()> {
        self.cut().await;
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.context("the port of the relay is taken")?;
        let running = tokio::spawn(relay(listener, port));
        *self.running() = Some(running);
        Ok(())
    }

    /// Ends every connection and refuses new ones.
    pub async fn cut(&self) {
        let running = self.running().take();
        if let Some(running) = running {
            running.abort();
            // It was aborted: that is all it can say.
            let _ = running.await;
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<()>>> {
        self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(running) = self.running().take() {
            running.abort();
        }
    }
}

async fn relay(listener: TcpListener, port: u16) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((mut near, _)) = listener.accept().await else { continue };
        connections.spawn(async move {
            if let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await {
                // An error here is a connection that one side cut.
                let _ = copy_bidirectional(&mut near, &mut far).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn says_hello(port: u16) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        Ok(said)
    }

    #[tokio::test]
    async fn it_leads_there_until_it_is_cut() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = server.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = server.accept().await {
                stream.write_all(b"hello").await.unwrap();
            }
        });
        let relay = Relay::to_nowhere().unwrap();
        assert!(says_hello(relay.port()).await.is_err());
        relay.lead_to(port).await.unwrap();
        assert_eq!(says_hello(relay.port()).await.unwrap(), "hello");
        relay.cut().await;
        assert!(says_hello(relay.port()).await.is_err());
        relay.lead_to(port).await.unwrap();
        assert_eq!(says_hello(relay.port()).await.unwrap(), "hello");
    }
}
