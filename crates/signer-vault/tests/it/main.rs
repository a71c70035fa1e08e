//! The signer against a real OpenBao, and against a server that misbehaves as no OpenBao can be made to.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod misbehaving;
mod openbao;
