//! The texts of a table's statements.

use std::marker::PhantomData;
use std::sync::Arc;

use super::dialect::Dialect;
use crate::table::Table;
use crate::value::{Type, Value};

/// A text that grows, and counts its parameters.
pub(crate) struct Text<D> {
    text: String,
    parameters: usize,
    dialect: PhantomData<D>,
}

impl<D: Dialect> Text<D> {
    pub(crate) fn new(text: String) -> Self {
        Self { text, parameters: 0, dialect: PhantomData }
    }

    /// Adds text as it is.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds the next parameter.
    pub(crate) fn bind(&mut self, of: Type) -> &mut Self {
        self.parameters += 1;
        self.text.push_str(&D::place(self.parameters, of));
        self
    }

    /// Adds `separator` before each but the first of the items that `add` adds.
    pub(crate) fn each<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        separator: &str,
        mut add: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.push(separator);
            }
            add(self, item);
        }
        self
    }

    /// Adds the condition that the row has one of the two ids of a pair, if it has any.
    pub(crate) fn pair(&mut self, table: &Table) -> &mut Self {
        if table.paired {
            self.push(" and ")
                .push(&D::name("id"))
                .push(" in (")
                .bind(Type::Text)
                .push(", ")
                .bind(Type::Text)
                .push(")");
        }
        self
    }

    fn done(&mut self) -> Arc<str> {
        self.text.as_str().into()
    }
}

/// What is asked of one table.
pub(crate) struct Statements {
    pub(crate) insert: Arc<str>,
    pub(crate) get: Arc<str>,
    pub(crate) replace: Arc<str>,
    pub(crate) remove: Arc<str>,
    /// The first page of a listing, and a later one.
    pub(crate) pages: [Arc<str>; 2],
    /// Empty for a table whose rows never end.
    pub(crate) sweep: Arc<str>,
    /// The types of what a question answers.
    pub(crate) columns: Arc<[Type]>,
}

impl Statements {
    pub(crate) fn of<D: Dialect>(table: &Table) -> Self {
        let columns = table.columns.iter().map(|(_, of)| *of).chain(D::VERSION.map(|(_, of)| of));
        Self {
            insert: insert::<D>(table),
            get: Text::<D>::new(format!("select {} from {} where ", read::<D>(table), D::name(table.name)))
                .also(|text| D::key_is(text, table))
                .done(),
            replace: replace::<D>(table),
            remove: Text::<D>::new(format!("delete from {} where ", D::name(table.name)))
                .also(|text| D::key_is(text, table))
                .done(),
            pages: [page::<D>(table, false), page::<D>(table, true)],
            sweep: sweep::<D>(table),
            columns: columns.collect(),
        }
    }
}

impl<D: Dialect> Text<D> {
    fn also(&mut self, add: impl FnOnce(&mut Self)) -> &mut Self {
        add(self);
        self
    }
}

/// Everything that is read of a row.
fn read<D: Dialect>(table: &Table) -> String {
    let columns = table.columns.iter().map(|(name, of)| D::read(&D::name(name), *of));
    columns.chain(D::VERSION.map(|(read, _)| read.to_owned())).collect::<Vec<_>>().join(", ")
}

fn insert<D: Dialect>(table: &Table) -> Arc<str> {
    let names: Vec<_> = table.names().map(D::name).collect();
    let mut text = Text::<D>::new(format!("insert into {} ({}) values (", D::name(table.name), names.join(", ")));
    text.each(table.columns, ", ", |text, (_, of)| {
        text.bind(*of);
    });
    text.push(")");
    D::insert(text.text).into()
}

fn replace<D: Dialect>(table: &Table) -> Arc<str> {
    let mut text = Text::<D>::new(format!("update {} set ", D::name(table.name)));
    text.each(table.changing(), ", ", |text, (name, of)| {
        text.push(&D::name(name)).push(" = ").bind(of);
    });
    text.push(" where ");
    D::key_is(&mut text, table);
    text.push(" and ");
    D::as_seen(&mut text, table);
    text.done()
}

/// Rows in the order of their keys, behind the parameters if `later`.
fn page<D: Dialect>(table: &Table, later: bool) -> Arc<str> {
    let mut text = Text::<D>::new(format!("select {} from {}", read::<D>(table), D::name(table.name)));
    let names: Vec<_> = table.key.iter().map(|name| D::name(name)).collect();
    if later {
        text.push(" where ");
        match names.as_slice() {
            // Written out, for not every server answers a comparison of rows by its index.
            [first, second] => {
                text.push(first).push(" > ").bind(Type::Text).push(" or (").push(first).push(" = ");
                text.bind(Type::Text).push(" and ").push(second).push(" > ").bind(Type::Text).push(")");
            }
            names => {
                text.each(names, " and ", |text, name| {
                    text.push(name).push(" > ").bind(Type::Text);
                });
            }
        }
    }
    text.push(&format!(" order by {} limit ", names.join(", "))).bind(Type::Int);
    text.done()
}

/// The parameters of a later page: each comparison of [`page`] has its own.
pub(crate) fn behind(key: Vec<Value>) -> Vec<Value> {
    match <[Value; 2]>::try_from(key) {
        Ok([first, second]) => vec![first.clone(), first, second],
        Err(key) => key,
    }
}

fn sweep<D: Dialect>(table: &Table) -> Arc<str> {
    let mut text = Text::<D>::new(String::new());
    if !table.expiry.is_empty() {
        D::sweep(&mut text, table);
    }
    text.done()
}
