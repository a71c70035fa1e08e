//! Logging in against real directories, and against a server that misbehaves.

#[cfg(test)]
mod active_directory;
#[cfg(test)]
mod documentation;
#[cfg(test)]
mod garbage;
#[cfg(test)]
mod openldap;
#[cfg(test)]
mod referrals;
#[cfg(test)]
mod support;
#[cfg(test)]
mod surviving;
#[cfg(test)]
mod tickets;
#[cfg(test)]
mod transport;
