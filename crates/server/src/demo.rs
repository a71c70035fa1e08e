//! `dex demo`: a provider to look at, on a file of its own, with an application to log in to.
//!
//! Owns the demo's configuration and what it prints. Control leaves to [`crate::run`], which runs it like any other.

use std::sync::Arc;
use std::time::SystemTime;

use dex_config::{Config, Overrides};
use dex_example_app::Options;

use crate::cli;
use crate::lifecycle::Lifecycle;
use crate::run::{parse, wall_clock};

/// `password`, at the least cost that is accepted.
const PASSWORD_HASH: &str = "$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W";

/// What runs beside the server.
pub(crate) enum Company {
    /// Nothing.
    None,
    /// The example application.
    Example(Box<Options>),
}

impl Company {
    /// Starts it, to end with the rest.
    pub(crate) fn join(self, lifecycle: &mut Lifecycle) {
        let Self::Example(options) = self else { return };
        let mut stop = lifecycle.stop();
        lifecycle.run_beside("example application", async move {
            let listener = dex_example_app::bind(&options).await?;
            let clock: dex_example_app::Clock = Arc::new(wall_clock_of_std);
            dex_example_app::serve(*options, listener, clock, async move { stop.requested().await }).await
        });
    }
}

fn wall_clock_of_std() -> SystemTime {
    SystemTime::UNIX_EPOCH + wall_clock().duration_since(jiff::Timestamp::UNIX_EPOCH).unsigned_abs()
}

/// The demo's configuration, and the application that goes with it.
pub(crate) fn config(arguments: &cli::Demo) -> anyhow::Result<(Config, Company)> {
    let address = &arguments.web_http_addr;
    let issuer = format!("http://{address}/dex");
    let file = std::env::temp_dir().join("dex-demo.db");
    let text = format!(
        "issuer: {issuer}
storage:
  type: sqlite3
  config:
    file: {file}
web:
  http: {address}
staticClients:
  - id: example-app
    name: Example App
    secret: ZXhhbXBsZS1hcHAtc2VjcmV0
    redirectURIs:
      - http://127.0.0.1:5555/callback
      - /dex/device/callback
connectors:
  - type: mockCallback
    id: mock
    name: Example
enablePasswordDB: true
staticPasswords:
  - email: admin@example.com
    hash: {PASSWORD_HASH}
    username: admin
    userID: 08a8684b-db88-4b73-90a9-3cd1661f5466
    groups: [admins]
  - email: jane@example.com
    hash: {PASSWORD_HASH}
    username: jane
    userID: 41331323-6f44-45e6-b3b9-2c4b60c02be5
    groups: [users]
",
        file = file.display()
    );
    let config = parse("the demo's configuration", &text, &Overrides::default())?;
    let options = Options { issuer: issuer.clone(), ..Options::default() };
    announce(&issuer, &file.display().to_string());
    Ok((config, Company::Example(Box::new(options))))
}

#[expect(clippy::print_stdout, reason = "the person at the terminal is told where to go")]
fn announce(issuer: &str, file: &str) {
    println!(
        "
Open  http://127.0.0.1:5555/  in a browser and log in.

  by e-mail       admin@example.com or jane@example.com, password: password
  by `Example`    no password: you are Kilgore Trout at once

  the provider    {issuer}
  its database    {file}

Ctrl-C ends both.
"
    );
}
