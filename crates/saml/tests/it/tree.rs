//! A tree of XML that can be cut and joined, for making attacks out of honest documents.

/// A node, with its markup as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Element { tag: String, children: Vec<Node> },
    Raw(String),
}

impl Node {
    /// Reads what the identity provider of the tests has written.
    pub(crate) fn read(text: &str) -> Self {
        let mut rest = text;
        let mut open: Vec<(String, Vec<Self>)> = vec![(String::new(), Vec::new())];
        while let Some(at) = rest.find('<') {
            if at > 0 {
                open.last_mut().unwrap().1.push(Self::Raw(rest[..at].to_owned()));
            }
            let end = at + rest[at..].find('>').unwrap();
            let tag = &rest[at + 1..end];
            rest = &rest[end + 1..];
            if tag.starts_with('/') {
                let (tag, children) = open.pop().unwrap();
                open.last_mut().unwrap().1.push(Self::Element { tag, children });
            } else if let Some(tag) = tag.strip_suffix('/') {
                open.last_mut().unwrap().1.push(Self::Element { tag: tag.to_owned(), children: Vec::new() });
            } else {
                open.push((tag.to_owned(), Vec::new()));
            }
        }
        open.pop().unwrap().1.into_iter().find(|node| matches!(node, Self::Element { .. })).unwrap()
    }

    pub(crate) fn write(&self) -> String {
        match self {
            Self::Raw(text) => text.clone(),
            Self::Element { tag, children } => {
                let name = tag.split_ascii_whitespace().next().unwrap();
                let children: String = children.iter().map(Self::write).collect();
                format!("<{tag}>{children}</{name}>")
            }
        }
    }

    fn children_mut(&mut self) -> Option<&mut Vec<Self>> {
        match self {
            Self::Element { children, .. } => Some(children),
            Self::Raw(_) => None,
        }
    }

    pub(crate) fn tag(&self) -> &str {
        match self {
            Self::Element { tag, .. } => tag,
            Self::Raw(_) => "",
        }
    }

    /// The local name of an element.
    pub(crate) fn name(&self) -> &str {
        let name = self.tag().split_ascii_whitespace().next().unwrap_or_default();
        name.rsplit(':').next().unwrap()
    }

    /// The paths of all elements, this one's first.
    pub(crate) fn paths(&self) -> Vec<Vec<usize>> {
        let mut found = vec![Vec::new()];
        if let Self::Element { children, .. } = self {
            for (index, child) in children.iter().enumerate().filter(|(_, child)| matches!(child, Self::Element { .. }))
            {
                found.extend(child.paths().into_iter().map(|path| [&[index], &path[..]].concat()));
            }
        }
        found
    }

    pub(crate) fn at(&self, path: &[usize]) -> &Self {
        path.iter().fold(self, |node, index| match node {
            Self::Element { children, .. } => &children[*index],
            Self::Raw(_) => panic!("no children"),
        })
    }

    pub(crate) fn at_mut(&mut self, path: &[usize]) -> &mut Self {
        path.iter().fold(self, |node, index| &mut node.children_mut().unwrap()[*index])
    }

    pub(crate) fn find(&self, name: &str) -> Option<Vec<usize>> {
        self.paths().into_iter().find(|path| self.at(path).name() == name)
    }

    /// With `node` put in as the child at `index` of the element at `path`; behind the last if there are fewer.
    pub(crate) fn with(&self, path: &[usize], index: usize, node: Self) -> Self {
        let mut copy = self.clone();
        let children = copy.at_mut(path).children_mut().unwrap();
        children.insert(index.min(children.len()), node);
        copy
    }

    /// Without the node at `path`, and that node.
    pub(crate) fn without(&self, path: &[usize]) -> (Self, Self) {
        let mut copy = self.clone();
        let (last, parent) = path.split_last().unwrap();
        let cut = copy.at_mut(parent).children_mut().unwrap().remove(*last);
        (copy, cut)
    }

    /// Without any element of a name.
    pub(crate) fn without_any(&self, name: &str) -> Self {
        match self.find(name) {
            Some(path) => self.without(&path).0.without_any(name),
            None => self.clone(),
        }
    }

    /// Within an element.
    pub(crate) fn wrapped(self, tag: &str) -> Self {
        Self::Element { tag: tag.to_owned(), children: vec![self] }
    }
}
