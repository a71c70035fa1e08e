//! Cutting an element out of a text.
//!
//! So that canonicalising it costs what the element does, and not what a stranger has put around it.

use super::Element;
use super::scan::start_tag;

/// The text of an element within the bare tags of those around it, which its namespaces may come from.
pub(crate) struct Cut {
    pub(crate) text: String,
    /// How many elements are around it.
    pub(crate) depth: usize,
}

/// Cuts the element at `path` out of `text`, whose root is `root`. A path counts elements, from the root down. Its child at
/// `without` is left out. `None` if there is no such element.
pub(crate) fn cut(text: &str, root: &Element, path: &[usize], without: Option<usize>) -> Option<Cut> {
    let mut around = String::new();
    let mut behind = String::new();
    let mut element = root;
    for index in path {
        let (tag, name) = start_tag(text.get(element.at.clone())?)?;
        around.push_str(tag);
        behind.insert_str(0, &format!("</{name}>"));
        element = element.elements().nth(*index)?;
    }
    let mut whole = around;
    match without {
        None => whole.push_str(text.get(element.at.clone())?),
        Some(index) => {
            let left_out = &element.elements().nth(index)?.at;
            whole.push_str(text.get(element.at.start..left_out.start)?);
            whole.push_str(text.get(left_out.end..element.at.end)?);
        }
    }
    whole.push_str(&behind);
    Some(Cut { text: whole, depth: path.len() })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn an_element_is_cut_out_with_the_tags_around_it() {
        let text = "<?xml version='1.0'?>\n<!-- --><p:a xmlns:p='urn:>' q = \"'>\"><b/>1<c x='/'>2<!-- --><d/>3<d></d\n></c >4</p:a>";
        let root = parse(text).unwrap();
        let around = "<p:a xmlns:p='urn:>' q = \"'>\">";
        let cases: [(&[usize], Option<usize>, Option<String>); 8] = [
            (&[], None, Some(text[text.find("<p:a").unwrap()..].to_owned())),
            (&[], Some(1), Some(format!("{around}<b/>14</p:a>"))),
            (&[0], None, Some(format!("{around}<b/></p:a>"))),
            (&[1], None, Some(format!("{around}<c x='/'>2<!-- --><d/>3<d></d\n></c ></p:a>"))),
            (&[1], Some(0), Some(format!("{around}<c x='/'>2<!-- -->3<d></d\n></c ></p:a>"))),
            (&[1, 1], None, Some(format!("{around}<c x='/'><d></d\n></c></p:a>"))),
            (&[2], None, None),
            (&[1], Some(2), None),
        ];
        for (path, without, expected) in cases {
            let cut = cut(text, &root, path, without);
            assert_eq!(cut.as_ref().map(|cut| &cut.text), expected.as_ref(), "{path:?} {without:?}");
            assert!(cut.is_none_or(|cut| parse(&cut.text).is_ok() && cut.depth == path.len()));
        }
    }
}
