//! Brings the database of a server to the schema, one process at a time.

use std::time::Duration;

use tokio::time::timeout;
use tracing::info;

use super::dialect::{Dialect, Fault, Order};
use super::failure::{Failure, Place};
use super::pool::fault_of;
use crate::ent::{self, Words};
use crate::open_error::OpenError;
use crate::options::Layout;
use crate::table::Table;
use crate::value::{Type, Value};

/// How long a database may take to come to the schema, waiting for other processes included.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(600);

/// The statements of one step.
pub(crate) type Step = &'static [&'static str];

/// How a dialect makes the schema.
pub(crate) struct Migrations {
    /// Begins, so that all of it can be undone, where the server can.
    pub(crate) begin: &'static str,
    /// Answers 1 when no other process is at it.
    pub(crate) lock: &'static str,
    /// Makes what was done stay, and lets others.
    pub(crate) end: &'static str,
    /// Undoes what can be undone, and lets others.
    pub(crate) undo: &'static str,
    /// Answers the names of the tables and indexes there are.
    pub(crate) present: &'static str,
    /// What is to be there.
    pub(crate) schema: Schema,
    /// Makes the table of what was spent, which is ours alone.
    pub(crate) spent: &'static str,
}

/// The tables that are to be there.
pub(crate) enum Schema {
    /// Dex's own, by numbered steps.
    Steps {
        /// Makes the table of steps.
        create: &'static str,
        steps: &'static [Step],
    },
    /// Those of Dex's ORM, by what is missing.
    Ent {
        words: Words,
        /// Answers the columns there are, as `table.column`.
        columns: &'static str,
    },
}

/// Why it did not come to the schema: the step, and the error.
type Stuck = (usize, sqlx_core::Error);

enum Ending {
    Stuck(Stuck),
    Newer { found: i64, known: usize },
    Locked,
    Other(OpenError),
}

impl From<Stuck> for Ending {
    fn from(stuck: Stuck) -> Self {
        Self::Stuck(stuck)
    }
}

/// Brings the database to the schema, and adds what is ours.
pub(super) async fn bring_up<D: Dialect>(connection: &mut D, place: &Place, layout: Layout) -> Result<(), OpenError> {
    let server = |cause| OpenError::server(place, cause);
    let plan = D::migrations(layout);
    let ended = timeout(MIGRATION_TIMEOUT, run(connection, &plan, layout)).await;
    let ended = ended.map_err(|_| server(Failure::Slow(MIGRATION_TIMEOUT)))?;
    ended.map_err(|ending| match ending {
        Ending::Newer { found, known } => OpenError::Newer { found, known },
        Ending::Other(error) => error,
        Ending::Locked => server(Failure::Busy(MIGRATION_TIMEOUT)),
        Ending::Stuck((step, error)) => match (fault_of::<D>(&error), Failure::of::<D>(error)) {
            (Fault::Right | Fault::Broken, cause) => server(cause),
            (_, cause) => OpenError::Migration { step, cause: Box::new(cause) },
        },
    })
}

async fn run<D: Dialect>(connection: &mut D, plan: &Migrations, layout: Layout) -> Result<(), Ending> {
    let stuck = |error| Ending::Stuck((0, error));
    connection.script(plan.begin).await.map_err(stuck)?;
    let locked = connection.run(&Order::question(plan.lock, &[Type::Int])).await.map_err(stuck)?;
    if locked.rows.first().and_then(|row| row.first()) != Some(&Value::Int(1)) {
        return Err(Ending::Locked);
    }
    let done = work(connection, plan, layout).await;
    let ended = connection.script(if done.is_ok() { plan.end } else { plan.undo }).await;
    done.and_then(|()| ended.map_err(stuck))
}

async fn work<D: Dialect>(connection: &mut D, plan: &Migrations, layout: Layout) -> Result<(), Ending> {
    let present = names(connection, plan.present).await.map_err(|error| (0, error))?;
    layout.check(&present).map_err(Ending::Other)?;
    match &plan.schema {
        Schema::Steps { create, steps } => {
            if !present.iter().any(|name| name == "migrations") {
                make(connection, create).await.map_err(|error| (0, error))?;
            }
            step_up(connection, steps).await?;
        }
        Schema::Ent { words, columns } => {
            let columns = names(connection, columns).await.map_err(|error| (0, error))?;
            for statement in ent::missing(words, &present, &columns) {
                make(connection, &statement).await.map_err(|error| (0, error))?;
            }
        }
    }
    let spent = [("dex_spent".to_owned(), plan.spent.to_owned())];
    for (name, statement) in spent.into_iter().chain(Table::indexes(layout)) {
        if !present.contains(&name) {
            make(connection, &statement).await.map_err(|error| (0, error))?;
        }
    }
    Ok(())
}

async fn step_up<D: Dialect>(connection: &mut D, steps: &[Step]) -> Result<(), Ending> {
    let question = Order::question("select max(num) from migrations", &[Type::Int]);
    let answer = connection.run(&question).await.map_err(|error| (0, error))?;
    let found = match answer.rows.first().and_then(|row| row.first()) {
        Some(Value::Int(found)) => *found,
        _ => 0,
    };
    let done = usize::try_from(found.max(0)).unwrap_or(usize::MAX);
    if done > steps.len() {
        return Err(Ending::Newer { found, known: steps.len() });
    }
    for (at, step) in steps.iter().enumerate().skip(done) {
        let number = at + 1;
        for statement in *step {
            make(connection, statement).await.map_err(|error| (number, error))?;
        }
        let noted = format!("insert into migrations (num, at) values ({number}, now())");
        connection.script(&noted).await.map_err(|error| (number, error))?;
    }
    if done < steps.len() {
        info!(from = done, to = steps.len(), "the database was brought to the schema");
    }
    Ok(())
}

/// Makes a thing. On servers that cannot undo a step that broke off, it may be there already.
async fn make<D: Dialect>(connection: &mut D, statement: &str) -> Result<(), sqlx_core::Error> {
    match connection.script(statement).await {
        Err(error) if fault_of::<D>(&error) == Fault::Exists => Ok(()),
        made => made,
    }
}

async fn names<D: Dialect>(connection: &mut D, question: &str) -> Result<Vec<String>, sqlx_core::Error> {
    let answer = connection.run(&Order::question(question, &[Type::Text])).await?;
    let names = answer.rows.into_iter().filter_map(|row| match row.into_iter().next() {
        Some(Value::Text(name)) => Some(name),
        _ => None,
    });
    Ok(names.collect())
}
