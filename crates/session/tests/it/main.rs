//! What becomes of sessions, over the memory store and a database.

mod backchannel;
mod damaged;
mod end;
mod enter;
mod kit;
mod off;
mod presented;
mod races;
mod reuse;
mod written_by_dex;
