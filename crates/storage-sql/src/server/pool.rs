//! The connections to a server.
//!
//! A connection is lent for one statement. It comes back only when the server has answered: one that
//! broke, was too slow, or whose caller went away is closed, so no answer reaches the wrong caller.

use std::io::ErrorKind;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::dialect::{Answer, Dialect, Fault, Order};
use super::failure::Failure;
use crate::options::ServerOptions;

/// How many connections there are at most, unless the operator says otherwise; as in Dex.
const OPEN_DEFAULT: usize = 5;

/// How many there are at most when the operator sets no limit.
const OPEN_MAX: usize = 1000;

/// How many stay open unless the operator says otherwise; as in Dex.
const IDLE_DEFAULT: usize = 5;

/// How long connecting may take unless the operator says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a statement waits for a connection.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a statement may take.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that was idle for longer is asked whether it still stands before it is used.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How long that answer may take.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// The question for it.
const CHECK: &str = "select 1";

/// How many connections there are, and for how long.
struct Limits {
    open: usize,
    idle: usize,
    lifetime: Option<Duration>,
    connect: Duration,
}

impl Limits {
    fn of(options: &ServerOptions) -> Self {
        let count = |given: i64, default| match given {
            0 => default,
            given => usize::try_from(given).map_or(OPEN_MAX, |given| given.min(OPEN_MAX)),
        };
        let open = count(options.max_open_conns, OPEN_DEFAULT);
        let idle = if options.max_idle_conns < 0 { 0 } else { count(options.max_idle_conns, IDLE_DEFAULT) };
        let connect = if options.connection_timeout.is_zero() { CONNECT_TIMEOUT } else { options.connection_timeout };
        let lifetime = Some(options.conn_max_lifetime).filter(|lifetime| !lifetime.is_zero());
        Self { open, idle: idle.min(open), lifetime, connect }
    }
}

/// The connections to one server.
pub(crate) struct Pool<D: Dialect> {
    options: D::Options,
    limits: Limits,
    free: Semaphore,
    idle: Mutex<Vec<Idle<D>>>,
}

struct Idle<D> {
    connection: D,
    opened: Instant,
    since: Instant,
}

impl<D: Dialect> Pool<D> {
    pub(crate) fn new(connect: D::Options, options: &ServerOptions) -> Self {
        let limits = Limits::of(options);
        Self { options: connect, free: Semaphore::new(limits.open), idle: Mutex::default(), limits }
    }

    /// Lends a connection, opening one if none is idle.
    pub(crate) async fn take(&self) -> Result<Held<'_, D>, Failure> {
        let free = timeout(BUSY_TIMEOUT, self.free.acquire()).await;
        let permit = free.map_err(|_| Failure::Busy(BUSY_TIMEOUT))?.map_err(|_| Failure::Closed)?;
        while let Some(mut idle) = self.pop() {
            if self.limits.lifetime.is_some_and(|lifetime| idle.opened.elapsed() >= lifetime) {
                tokio::spawn(idle.connection.close());
                continue;
            }
            if idle.since.elapsed() > TRUSTED_FOR && !stands(&mut idle.connection).await {
                self.distrust();
                continue;
            }
            return Ok(Held { pool: self, connection: idle.connection, opened: idle.opened, _permit: permit });
        }
        let connection = self.open().await?;
        Ok(Held { pool: self, connection, opened: Instant::now(), _permit: permit })
    }

    async fn open(&self) -> Result<D, Failure> {
        let opened = timeout(self.limits.connect, D::open(&self.options)).await;
        opened.map_err(|_| Failure::Slow(self.limits.connect))?.map_err(|error| Failure::of::<D>(error))
    }

    fn pop(&self) -> Option<Idle<D>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Lets go of all idle connections: where one broke, the others did too.
    fn distrust(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Lends nothing from now on, waits for what is lent, and closes all.
    pub(crate) async fn close(&self) {
        let all = u32::try_from(self.limits.open).unwrap_or(u32::MAX);
        // What is still lent after this time is closed when it comes back.
        let _ = timeout(STATEMENT_TIMEOUT, self.free.acquire_many(all)).await;
        self.free.close();
        while let Some(idle) = self.pop() {
            idle.connection.close().await;
        }
    }
}

async fn stands<D: Dialect>(connection: &mut D) -> bool {
    matches!(timeout(CHECK_TIMEOUT, connection.script(CHECK)).await, Ok(Ok(())))
}

/// A connection that is lent. Dropped, it is closed.
pub(crate) struct Held<'a, D: Dialect> {
    pool: &'a Pool<D>,
    connection: D,
    opened: Instant,
    _permit: SemaphorePermit<'a>,
}

impl<D: Dialect> Held<'_, D> {
    /// Runs one statement and gives the connection back if it is still of use.
    pub(crate) async fn run(mut self, order: &Order) -> Result<Answer, (Failure, Fault)> {
        let answer = timeout(STATEMENT_TIMEOUT, self.connection.run(order)).await;
        let Ok(answer) = answer else {
            return Err((Failure::Slow(STATEMENT_TIMEOUT), Fault::Other));
        };
        let fault = answer.as_ref().err().map(fault_of::<D>);
        if fault == Some(Fault::Broken) {
            self.pool.distrust();
        } else {
            self.give_back();
        }
        answer.map_err(|error| (Failure::of::<D>(error), fault.unwrap_or(Fault::Other)))
    }

    /// The connection itself, for work of several statements. What is borrowed so long must be given
    /// back in the state it was lent in.
    pub(crate) fn connection(&mut self) -> &mut D {
        &mut self.connection
    }

    pub(crate) fn give_back(self) {
        let Self { pool, connection, opened, _permit } = self;
        let mut idle = pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < pool.limits.idle && !pool.free.is_closed() {
            idle.push(Idle { connection, opened, since: Instant::now() });
        } else {
            drop(idle);
            tokio::spawn(connection.close());
        }
    }
}

/// What an error means. All but those the server itself tells leave the connection in doubt.
pub(crate) fn fault_of<D: Dialect>(error: &sqlx_core::Error) -> Fault {
    match error {
        sqlx_core::Error::Database(error) => D::fault(&**error),
        _ => Fault::Broken,
    }
}

impl Failure {
    pub(crate) fn of<D: Dialect>(error: sqlx_core::Error) -> Self {
        let told = match &error {
            sqlx_core::Error::Database(error) => error.message().to_owned(),
            _ => String::new(),
        };
        match (fault_of::<D>(&error), &error) {
            (_, sqlx_core::Error::Tls(_)) => Self::Tls(error),
            // So does a handshake fail, since it is read and written.
            (_, sqlx_core::Error::Io(io)) if io.kind() == ErrorKind::InvalidData => Self::Tls(error),
            (_, sqlx_core::Error::Io(_)) => Self::Unreachable(error),
            (Fault::Login, _) => Self::Login(told),
            (Fault::Missing, _) => Self::Missing(told),
            (Fault::Right, _) => Self::Right(told),
            _ => Self::Other(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_as_configured_or_as_in_dex() {
        let cases = [
            // open  idle   open  idle
            ((0, 0), (5, 5)),
            ((10, 0), (10, 5)),
            ((2, 0), (2, 2)),
            ((3, 9), (3, 3)),
            ((-1, -1), (1000, 0)),
            ((i64::MAX, i64::MIN), (1000, 0)),
        ];
        for ((open, idle), expected) in cases {
            let options = ServerOptions { max_open_conns: open, max_idle_conns: idle, ..ServerOptions::default() };
            let limits = Limits::of(&options);
            assert_eq!((limits.open, limits.idle), expected, "{open} {idle}");
        }
    }
}
