//! A real browser at the example application.

use std::process::Command;
use std::sync::Arc;
use std::time::SystemTime;

use dex_example_app::Options;
use serde_json::Value;

use crate::dex::{Client, Dex, PUBLIC, WEB, free_port};
use crate::program::{learnt, node, output_of, with_script};

/// Has a person sign in through `connector` and returns the claims that the application shows. Errors in a page's
/// console fail it.
pub(crate) fn log_in(connector: &str) -> Value {
    let app = address();
    let dex = Dex::called_back_at(&callback(&app));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    serve(&runtime, &dex, &app, &WEB);
    let learnt = visit(&dex, &app, connector);
    runtime.shutdown_background();
    learnt
}

/// Has a person sign in at one application, visit another one, look at the home page of dex, and let a device in; returns
/// what all of them told.
pub(crate) fn stay_signed_in(connector: &str) -> Value {
    let (first, second) = (address(), address());
    let dex = Dex::with_sessions([&callback(&first), &callback(&second)]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    serve(&runtime, &dex, &first, &WEB);
    serve(&runtime, &dex, &second, &PUBLIC);
    let mut person = person_at(&first, "session", connector, ("admin@example.com", "password"));
    person.env("OTHER", &second).env("ISSUER", &dex.issuer).env("CLIENT_ID", PUBLIC.id);
    person.args(std::env::var_os("PICTURES"));
    let learnt = learnt(&output_of(&mut person), || dex.log());
    runtime.shutdown_background();
    learnt
}

/// Has a person with an authenticator app and a security key sign in, twice, and returns what they were asked for.
pub(crate) fn show_second_factors() -> Value {
    let app = address();
    let dex = Dex::with_second_factors(&callback(&app));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    serve(&runtime, &dex, &app, &WEB);
    let person = &mut person_at(&app, "factors", "local", ("admin@example.com", "password"));
    let learnt = learnt(&output_of(person), || dex.log());
    runtime.shutdown_background();
    learnt
}

/// A free address for an application.
fn address() -> String {
    format!("http://127.0.0.1:{}/", free_port())
}

fn callback(app: &str) -> String {
    format!("{app}callback")
}

/// Serves the example application at `app`, as this client of `dex`.
fn serve(runtime: &tokio::runtime::Runtime, dex: &Dex, app: &str, client: &Client) {
    let options = Options {
        client_id: client.id.to_owned(),
        client_secret: client.secret.parse().unwrap(),
        issuer: dex.issuer.clone(),
        listen: app.parse().unwrap(),
        redirect_uri: callback(app).parse().unwrap(),
        ..Options::default()
    };
    // Taken already by the application before, when both run in one process.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let listener = runtime.block_on(dex_example_app::bind(&options)).unwrap();
    runtime.spawn(dex_example_app::serve(options, listener, real_clock(), std::future::pending()));
}

/// Has a person visit `app`, sign in at `dex` through `connector`, and returns the claims that `app` then shows.
pub(crate) fn visit(dex: &Dex, app: &str, connector: &str) -> Value {
    let person = ("admin@example.com", "password");
    learnt(&output_of(&mut person_at(app, "login", connector, person)), || dex.log())
}

/// A person, by name and password, about to visit `app` in one of the modes of `browser/main.js`.
pub(crate) fn person_at(app: &str, mode: &str, connector: &str, (login, password): (&str, &str)) -> Command {
    let mut browser: Command = with_script(node(), "browser/main.js");
    browser.arg(mode).env("APP", app).env("LOGIN", login).env("PASSWORD", password).env("CONNECTOR", connector);
    browser
}

#[expect(clippy::disallowed_methods, reason = "the application runs in real time, as the binary does")]
pub(crate) fn real_clock() -> dex_example_app::Clock {
    Arc::new(SystemTime::now)
}
