//! Every HTML page of dex: templates, styles, icons, static files, themes, and the engine that runs
//! users' own Go templates (`frontend.dir`).
//!
//! Owns what a page looks like and says, what may replace it, and which headers protect it. Knows
//! nothing of HTTP handlers, storage or clocks: data comes in through [`Page`], bytes leave through
//! [`Pages::render`] and [`Assets::get`]. Whatever is wrong with a directory or a template is found
//! when [`Pages::load`] reads it, and told as a [`LoadError`] naming file and line.

mod assets;
mod engine;
mod fields;
mod frontend;
mod headers;
mod pages;
mod sprig;

pub use assets::{Asset, Assets};
pub use engine::{LoadError, Pages, RenderError};
pub use fields::Fields;
pub use frontend::{Frontend, Now};
pub use pages::{
    Approval, ConnectorLink, Device, DeviceSuccess, EmailForm, ErrorPage, FormPost, HiddenField, Home, HomeSession,
    Landing, Login, Logout, LogoutState, Oob, Owner, PAGES, Page, PageKind, Password, Repost, Sample, TotpEnrolment,
    TotpVerify, WebauthnMode, WebauthnVerify,
};
