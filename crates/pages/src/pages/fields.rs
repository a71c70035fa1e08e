//! The values a template sees, by the names Dex gives them.

use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::html::URL;
use gotmpl::{ToValue, Value};

/// Names and values for one template.
#[derive(Clone, Debug, Default)]
pub struct Fields(BTreeMap<Arc<str>, Value>);

impl Fields {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a value, which is escaped wherever a template puts it.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl ToValue) -> Self {
        self.0.insert(Arc::from(name), value.to_value());
        self
    }

    /// Adds a URL of our own making, which may have any scheme (Go's `template.URL`).
    ///
    /// Still escaped for the attribute it stands in, but not checked for its scheme: never for
    /// one that came from outside unchecked.
    #[must_use]
    pub fn set_url(mut self, name: &str, url: &str) -> Self {
        self.0.insert(Arc::from(name), URL::from(url).into());
        self
    }

    /// Adds a list, each element with names of its own.
    #[must_use]
    pub fn set_list(mut self, name: &str, items: impl Iterator<Item = Self>) -> Self {
        let items: Vec<Value> = items.map(Self::into_value).collect();
        self.0.insert(Arc::from(name), Value::List(items.into()));
        self
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Map(Arc::new(self.0))
    }
}
