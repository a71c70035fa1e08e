//! Logging in against real directories, and against a server that misbehaves.

mod active_directory;
mod documentation;
mod garbage;
mod openldap;
mod referrals;
mod support;
mod surviving;
mod tickets;
mod transport;
