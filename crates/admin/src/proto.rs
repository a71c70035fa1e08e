//! The messages and the service, made of `proto/api/v2/api.proto` when this crate is built. The client is for tests and tools.

#![expect(missing_docs, reason = "the file that this is made of says what there is to say")]
#![expect(clippy::too_many_lines, reason = "the dispatch of all methods is one generated function")]

use std::fmt;

tonic::include_proto!("api");

/// The description of the file, for reflection.
pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// What holds a secret does not print.
macro_rules! silent {
    ($($message:ident)*) => {
        $(impl fmt::Debug for $message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($message), "(..)"))
            }
        })*
    };
}

silent! { Client Password UpdatePasswordReq VerifyPasswordReq Connector UpdateConnectorReq }
