//! Second factors: one-time codes and security keys, from the making of a secret to the verdict on what a user shows.
//!
//! Owned here: which chain of factors is asked of whom, time-based one-time codes (RFC 6238) with their key URI and QR code,
//! and the two ceremonies of Web Authentication Level 2, of which this is the relying party. Not owned: pages, endpoints and
//! storage. The room does no I/O and reads no clock; randomness is drawn for challenges and secrets.
//!
//! Control leaves by return values only.

mod factors;
mod qr;
pub mod totp;
pub mod webauthn;

pub use factors::{FactorKind, SecondFactor, SecondFactors, UnknownFactor};
pub use qr::qr_png_base64;
