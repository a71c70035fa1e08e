//! The two pages of the device flow (RFC 8628 §3.3).

use std::borrow::Cow;

use super::{Fields, HOSTILE, Page, Sample};

/// Asks for the code a device shows.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// Where the form goes: `{issuer path}/device/auth/verify_code`.
    pub post_url: String,
    /// What is already known of the code; empty for nothing.
    pub user_code: String,
    /// The code was wrong or too old.
    pub invalid: bool,
}

impl Page for Device {
    fn template(&self) -> &'static str {
        "device.html"
    }

    fn title(&self) -> Cow<'static, str> {
        if self.invalid { "Error: enter user code".into() } else { "Enter user code".into() }
    }

    fn fields(&self) -> Fields {
        Fields::new().set("PostURL", &self.post_url).set("UserCode", &self.user_code).set("Invalid", self.invalid)
    }
}

/// Tells the user to go back to the device.
#[derive(Clone, Debug, Default)]
pub struct DeviceSuccess {
    /// The client that is now logged in.
    pub client_name: String,
}

impl Page for DeviceSuccess {
    fn template(&self) -> &'static str {
        "device_success.html"
    }

    fn title(&self) -> Cow<'static, str> {
        "Login successful".into()
    }

    fn fields(&self) -> Fields {
        Fields::new().set_shown("ClientName", &self.client_name)
    }
}

pub(super) fn samples() -> Vec<Sample> {
    let page = |user_code: &str, invalid| Device {
        post_url: "/dex/device/auth/verify_code".into(),
        user_code: user_code.into(),
        invalid,
    };
    vec![
        Sample::new("minimal", page("", false)),
        Sample::new("full", page("BCDF-GHJK", false)),
        Sample::new("invalid", page("BCDF-GHJK", true)),
        Sample::new(
            "hostile",
            Device { post_url: "javascript:alert(1)".into(), user_code: HOSTILE.into(), invalid: true },
        ),
    ]
}

pub(super) fn success_samples() -> Vec<Sample> {
    let page = |name: &str| DeviceSuccess { client_name: name.into() };
    vec![
        Sample::new("minimal", page("")),
        Sample::new("full", page("Command line tool")),
        Sample::new("hostile", page(HOSTILE)),
    ]
}
