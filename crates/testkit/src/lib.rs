//! For tests: a whole dex in process, a browser, and a clock to move.
//!
//! [`TestApp`] holds everything the endpoints need over the memory store, with a few users, clients and
//! connectors; the test hands in the routes it is about. [`Browser`] keeps cookies, follows redirects within
//! the issuer and fills in forms. Nothing here listens on a port, and nobody sleeps.

mod app;
mod bent;
mod browser;
mod clock;
mod logouts;
mod rotating;
mod shown;
mod tickets;
mod upstream;
mod world;

pub use app::TestApp;
pub use bent::{Bend, Bent};
pub use browser::{Browser, REDIRECTS_MAX};
pub use clock::TestClock;
pub use rotating::{Failure, Rotating};
pub use shown::Shown;
pub use world::{CALLBACK, CLIENT, CLIENT_SECRET, ISSUER, LOCAL_PASSWORD, LOCAL_USER, MOCK_PASSWORD, MOCK_USER};
