//! The arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

/// An identity service that uses OpenID Connect to drive authentication for other apps
#[derive(Debug, Parser)]
#[command(name = "dex", disable_version_flag = true)]
pub(super) struct Dex {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Launch Dex
    Serve(Serve),
    /// Try Dex without a configuration: in memory, with a client to log in to
    Demo(Demo),
    /// Copy or check the records of a storage
    #[command(subcommand)]
    Storage(Storage),
    /// Look into SAML logins
    #[command(subcommand)]
    Saml(Saml),
    /// Print the version
    Version,
    /// Print the completion script of a shell
    Completion {
        /// The shell
        shell: Shell,
    },
}

/// Arguments of `dex serve`. An empty address is the same as none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub struct Serve {
    /// Configuration file, YAML or JSON
    pub config: Option<PathBuf>,
    /// Web HTTP address, instead of web.http
    #[arg(long, value_name = "ADDR", default_value = "", hide_default_value = true)]
    pub web_http_addr: String,
    /// Web HTTPS address, instead of web.https
    #[arg(long, value_name = "ADDR", default_value = "", hide_default_value = true)]
    pub web_https_addr: String,
    /// Telemetry address, instead of telemetry.http
    #[arg(long, value_name = "ADDR", default_value = "", hide_default_value = true)]
    pub telemetry_addr: String,
    /// gRPC API address, instead of grpc.addr
    #[arg(long, value_name = "ADDR", default_value = "", hide_default_value = true)]
    pub grpc_addr: String,
}

/// Arguments of `dex demo`.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Demo {
    /// Where the demo listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5556")]
    pub web_http_addr: String,
}

/// What is asked of `dex storage`.
#[derive(Debug, Subcommand)]
pub(super) enum Storage {
    /// Copy every record from the storage of one configuration to that of another
    ///
    /// What is there already, the same, is passed over, so a copy that was cut off is made again. What is there and differs
    /// stays and is named. Stop dex on both sides first: what it writes meanwhile may be missed.
    Copy(Copy),
    /// Read every record of the storage of a configuration, and name those that cannot be read
    Check(Check),
}

/// Arguments of `dex storage copy`.
#[derive(Debug, Args)]
pub(super) struct Copy {
    /// Configuration file whose storage is read
    #[arg(long, value_name = "CONFIG")]
    pub(super) from: PathBuf,
    /// Configuration file whose storage is written
    #[arg(long, value_name = "CONFIG")]
    pub(super) to: PathBuf,
    /// Replace records that are there and differ
    #[arg(long)]
    pub(super) overwrite: bool,
}

/// Arguments of `dex storage check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Configuration file whose storage is read
    pub(super) config: PathBuf,
}

/// What is asked of `dex saml`.
#[derive(Debug, Subcommand)]
pub(super) enum Saml {
    /// Say what a connector makes of a SAML response, check by check
    ///
    /// The exit status is 0 only if a login would have followed. The response is what the browser posts as SAMLResponse, in
    /// base64, or the XML in it.
    Explain(Explain),
}

/// Arguments of `dex saml explain`.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// Configuration file
    #[arg(long, value_name = "CONFIG")]
    pub(super) config: PathBuf,
    /// Id of the connector
    #[arg(long, value_name = "ID")]
    pub(super) connector: String,
    /// The time at which the response came; now without it
    #[arg(long, value_name = "RFC3339")]
    pub(super) at: Option<jiff::Timestamp>,
    /// The id of the request that it answers; not checked without it
    #[arg(long, value_name = "ID")]
    pub(super) in_response_to: Option<String>,
    /// Answer in JSON
    #[arg(long)]
    pub(super) json: bool,
    /// File with the response
    pub(super) response: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn serve(arguments: &[&str]) -> Result<Serve, clap::error::ErrorKind> {
        let arguments = ["dex", "serve"].iter().chain(arguments);
        match Dex::try_parse_from(arguments).map_err(|error| error.kind())?.command {
            Some(Command::Serve(serve)) => Ok(serve),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_and_the_file_come_in_any_order() {
        Dex::command().debug_assert();
        let expected = Serve {
            config: Some("c.yaml".into()),
            web_http_addr: ":1".into(),
            telemetry_addr: ":2".into(),
            ..Serve::default()
        };
        let orders: [&[&str]; 3] = [
            &["--web-http-addr", ":1", "--telemetry-addr=:2", "c.yaml"],
            &["c.yaml", "--web-http-addr=:1", "--telemetry-addr", ":2"],
            &["--web-http-addr=:1", "c.yaml", "--telemetry-addr=:2", "--grpc-addr", ""],
        ];
        for order in orders {
            assert_eq!(serve(order), Ok(expected.clone()), "{order:?}");
        }
        assert_eq!(serve(&[]), Ok(Serve::default()));
    }

    #[test]
    fn what_nobody_meant_is_refused() {
        use clap::error::ErrorKind::UnknownArgument;
        assert_eq!(serve(&["a.yaml", "b.yaml"]), Err(UnknownArgument));
        assert_eq!(serve(&["--config", "a.yaml"]), Err(UnknownArgument));
    }
}
