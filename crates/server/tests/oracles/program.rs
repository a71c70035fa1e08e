//! The relying parties of `oracles/`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::dex::{Client, Dex, REDIRECT_URI};

/// A relying party, by its language.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Program {
    Go,
    Node,
    Python,
}

impl Program {
    /// Has it sign in through `connector` and returns what it learnt.
    pub(crate) fn run(&self, dex: &Dex, grant: &str, client: &Client, connector: &str) -> Value {
        let done = output_of(self.command(dex, client, "password").arg(grant).env("CONNECTOR", connector));
        learnt(&done, || format!("{self:?} {grant} {}\n{}", client.id, dex.log()))
    }

    /// Has it sign in as a local user with a password that does not do, and returns why it could not.
    pub(crate) fn refused(&self, dex: &Dex, client: &Client, password: &str) -> String {
        let done = output_of(self.command(dex, client, password).arg("code").env("CONNECTOR", "local"));
        assert!(!done.status.success(), "{self:?} signed in");
        String::from_utf8_lossy(&done.stderr).into_owned()
    }

    /// It, about to sign in as the administrator; more can be told by its environment.
    pub(crate) fn command(self, dex: &Dex, client: &Client, password: &str) -> Command {
        let mut command = match self {
            Self::Go => Command::new(root().join(".cache/bin/relying-party")),
            Self::Node => with_script(node(), "node/main.js"),
            Self::Python => with_script(root().join(".cache/venv/bin/python3"), "python/main.py"),
        };
        command
            .env("ISSUER", &dex.issuer)
            .env("CLIENT_ID", client.id)
            .env("CLIENT_SECRET", client.secret)
            .env("REDIRECT_URI", REDIRECT_URI)
            .env("LOGIN", "admin@example.com")
            .env("PASSWORD", password)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The programs with a script in `oracles/`.
pub(crate) fn with_script(interpreter: PathBuf, script: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.arg(root().join("oracles").join(script));
    command
}

/// The Node that `setup` installed, or the system's where that is new enough.
pub(crate) fn node() -> PathBuf {
    let installed = root().join(".cache/venv/bin/node");
    if installed.exists() { installed } else { PathBuf::from("node") }
}

pub(crate) fn output_of(command: &mut Command) -> Output {
    let program = command.get_program().to_owned();
    command.output().unwrap_or_else(|error| panic!("{program:?}: {error}; `cargo xtask setup` installs it"))
}

/// The line of JSON it printed.
pub(crate) fn learnt(done: &Output, told: impl Fn() -> String) -> Value {
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{}\n{said}", told());
    serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{}\n{error}\n{said}", told()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
