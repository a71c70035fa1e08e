//! Logging in against real directories, and against a server that misbehaves.

mod garbage;
mod openldap;
mod support;
mod surviving;
mod transport;
