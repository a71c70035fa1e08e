//! Canonical bytes (Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0).

use bergshamra_c14n::{C14nMode, canonicalize_doc_to};
use bergshamra_xml::NodeSet;
use uppsala::{NodeId, Parser};

use super::scan::DEPTH_MAX;
use super::{Element, Namespace};

/// How many prefixes an `InclusiveNamespaces` may list.
const PREFIXES_MAX: usize = 32;

/// A canonicalisation as a signature names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Canonicalization {
    mode: C14nMode,
    /// What `InclusiveNamespaces` lists.
    prefixes: Vec<String>,
}

impl Canonicalization {
    /// Exclusive, without comments: what we sign with.
    pub(crate) fn exclusive() -> Self {
        Self { mode: C14nMode::Exclusive, prefixes: Vec::new() }
    }

    /// Reads a `CanonicalizationMethod` or `Transform`; `None` if it is none that we know.
    pub(crate) fn read(element: &Element) -> Option<Self> {
        let mode = C14nMode::from_uri(element.attribute("Algorithm")?)?;
        let mut parameters = element.elements();
        let mut prefixes = Vec::new();
        if let Some(parameter) = parameters.next() {
            if !mode.is_exclusive() || !parameter.is(Namespace::ExclusiveC14n, "InclusiveNamespaces") {
                return None;
            }
            let list = parameter.attribute("PrefixList")?;
            prefixes = list.split_ascii_whitespace().map(str::to_owned).collect();
        }
        let odd = parameters.next().is_some() || prefixes.len() > PREFIXES_MAX;
        (!odd).then_some(Self { mode, prefixes })
    }

    pub(crate) fn uri(&self) -> &'static str {
        self.mode.uri()
    }
}

/// The canonical bytes of the element that lies `depth` levels below the root of `text`, each level being the only element of
/// the one above. `None` if there is no such element, or it is no XML.
///
/// `comments` says whether comments are part of what is to be canonicalised: they are of `SignedInfo`, and are not of what
/// `#id` refers to (XML Signature §4.4.3.3).
pub(crate) fn canonicalize(text: &str, depth: usize, comments: bool, how: &Canonicalization) -> Option<String> {
    let levels = u32::try_from(DEPTH_MAX + 1).expect("a small number");
    let parser = Parser::new().with_max_depth(levels).with_forbid_dtd(true);
    let document = parser.parse(text).ok()?;
    let below = |node: NodeId| document.children_iter(node).find(|child| document.element(*child).is_some());
    let apex = (0..depth).try_fold(document.document_element()?, |node, _| below(node))?;
    let nodes = match comments {
        true => NodeSet::tree_with_comments(apex, &document),
        false => NodeSet::tree_without_comments(apex, &document),
    };
    // Seldom longer than the text, and a vector that grows is there twice.
    let mut bytes = Vec::with_capacity(text.len());
    canonicalize_doc_to(&document, how.mode, Some(&nodes), &how.prefixes, &mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
    const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

    fn method(algorithm: &str, prefixes: &str) -> Canonicalization {
        let list = match prefixes {
            "" => String::new(),
            list => format!("<InclusiveNamespaces xmlns=\"{EXCLUSIVE}\" PrefixList=\"{list}\"/>"),
        };
        Canonicalization::read(&parse(&format!("<T Algorithm=\"{algorithm}\">{list}</T>")).unwrap()).unwrap()
    }

    fn canonical(text: &str, depth: usize, algorithm: &str, prefixes: &str) -> String {
        canonicalize(text, depth, algorithm.ends_with("Comments"), &method(algorithm, prefixes)).unwrap()
    }

    /// The two documents of Exclusive XML Canonicalization 1.0, section 2.2.
    const FIRST: &str = "<n0:local xmlns:n0=\"http://something.example\" xmlns:n3=\"ftp://example.org\">\n  \
        <n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\">\n    <n3:stuff xmlns:n3=\"ftp://example.org\"/>\n  \
        </n1:elem2>\n</n0:local>";
    const SECOND: &str = "<n2:pdu xmlns:n1=\"http://example.com\" xmlns:n2=\"http://foo.example\" xml:lang=\"fr\" \
        xml:space=\"retain\">\n  <n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\">\n    \
        <n3:stuff xmlns:n3=\"ftp://example.org\"/>\n  </n1:elem2>\n</n2:pdu>";

    #[test]
    fn the_examples_of_exclusive_canonicalization_section_2() {
        let exclusive = "<n1:elem2 xmlns:n1=\"http://example.net\" xml:lang=\"en\">\n    \
            <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff>\n  </n1:elem2>";
        assert_eq!(canonical(FIRST, 1, EXCLUSIVE, ""), exclusive);
        assert_eq!(canonical(SECOND, 1, EXCLUSIVE, ""), exclusive);
        let first = "<n1:elem2 xmlns:n0=\"http://something.example\" xmlns:n1=\"http://example.net\" \
            xmlns:n3=\"ftp://example.org\" xml:lang=\"en\">\n    <n3:stuff></n3:stuff>\n  </n1:elem2>";
        assert_eq!(canonical(FIRST, 1, INCLUSIVE, ""), first);
        let second = "<n1:elem2 xmlns:n1=\"http://example.net\" xmlns:n2=\"http://foo.example\" xml:lang=\"en\" \
            xml:space=\"retain\">\n    <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff>\n  </n1:elem2>";
        assert_eq!(canonical(SECOND, 1, INCLUSIVE, ""), second);
        // The prefixes of a list are treated as by inclusive canonicalisation.
        let listed = "<n1:elem2 xmlns:n0=\"http://something.example\" xmlns:n1=\"http://example.net\" xml:lang=\"en\">\n    \
            <n3:stuff xmlns:n3=\"ftp://example.org\"></n3:stuff>\n  </n1:elem2>";
        assert_eq!(canonical(FIRST, 1, EXCLUSIVE, "n0"), listed);
    }

    #[test]
    fn the_examples_of_canonical_xml_section_3() {
        let cases = [
            // 3.1, without its DTD and processing instructions.
            ("<doc>Hello, world!<!-- Comment 1 --></doc>", "<doc>Hello, world!</doc>"),
            // 3.2
            (
                "<doc>\n   <clean>   </clean>\n   <mixed>\n      A\n      <clean>   </clean>\n   </mixed>\n</doc>",
                "<doc>\n   <clean>   </clean>\n   <mixed>\n      A\n      <clean>   </clean>\n   </mixed>\n</doc>",
            ),
            // 3.3, without its default attribute.
            (
                "<doc><e1   /><e2   ></e2><e3   name = \"elem3\"   id=\"elem3\"   /></doc>",
                "<doc><e1></e1><e2></e2><e3 id=\"elem3\" name=\"elem3\"></e3></doc>",
            ),
            (
                "<e5 a:attr=\"out\" b:attr=\"sorted\" attr2=\"all\" attr=\"I'm\" xmlns:b=\"http://www.ietf.org\" \
                 xmlns:a=\"http://www.w3.org\" xmlns=\"http://example.org\"/>",
                "<e5 xmlns=\"http://example.org\" xmlns:a=\"http://www.w3.org\" xmlns:b=\"http://www.ietf.org\" \
                 attr=\"I'm\" attr2=\"all\" b:attr=\"sorted\" a:attr=\"out\"></e5>",
            ),
            (
                "<e6 xmlns=\"\" xmlns:a=\"http://www.w3.org\"><e7 xmlns=\"http://www.ietf.org\"><e8 xmlns=\"\" \
                 xmlns:a=\"http://www.w3.org\"><e9 xmlns=\"\" xmlns:a=\"http://www.ietf.org\"/></e8></e7></e6>",
                "<e6 xmlns:a=\"http://www.w3.org\"><e7 xmlns=\"http://www.ietf.org\"><e8 xmlns=\"\">\
                 <e9 xmlns:a=\"http://www.ietf.org\"></e9></e8></e7></e6>",
            ),
            // 3.4
            (
                "<doc><text>First line&#x0d;&#10;Second line</text><value>&#x32;</value>\
                 <compute><![CDATA[value>\"0\" && value<\"10\" ?\"valid\":\"error\"]]></compute>\
                 <compute expr='value>\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"'>valid</compute>\
                 <norm attr=' &apos;   &#x20;&#13;&#xa;&#9;   &apos; '/></doc>",
                "<doc><text>First line&#xD;\nSecond line</text><value>2</value>\
                 <compute>value&gt;\"0\" &amp;&amp; value&lt;\"10\" ?\"valid\":\"error\"</compute>\
                 <compute expr=\"value>&quot;0&quot; &amp;&amp; value&lt;&quot;10&quot; ?&quot;valid&quot;:&quot;error&quot;\">valid</compute>\
                 <norm attr=\" '    &#xD;&#xA;&#x9;   ' \"></norm></doc>",
            ),
            // 3.6, in UTF-8.
            ("<doc>\u{a9}</doc>", "<doc>\u{a9}</doc>"),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text, 0, INCLUSIVE, ""), expected);
        }
        let commented = "<doc>Hello, world!<!-- Comment 1 --></doc>";
        assert_eq!(canonical(commented, 0, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments", ""), commented);
    }

    #[test]
    fn what_is_not_there_is_not_canonicalised() {
        for (text, depth) in [("<a><b/></a>", 2), ("<a>", 0), ("<!DOCTYPE a><a/>", 0), ("", 0)] {
            assert_eq!(canonicalize(text, depth, false, &Canonicalization::exclusive()), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_canonicalisation_is_none() {
        let read = |text: &str| Canonicalization::read(&parse(text).unwrap());
        let list = format!("<InclusiveNamespaces xmlns=\"{EXCLUSIVE}\" PrefixList=\"a\"/>");
        for (told, text) in [
            ("none named", "<T/>".to_owned()),
            ("a style sheet", "<T Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>".to_owned()),
            ("a path", "<T Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"/>".to_owned()),
            ("a list for an inclusive one", format!("<T Algorithm=\"{INCLUSIVE}\">{list}</T>")),
            ("two lists", format!("<T Algorithm=\"{EXCLUSIVE}\">{list}{list}</T>")),
            ("another parameter", format!("<T Algorithm=\"{EXCLUSIVE}\"><x/></T>")),
            (
                "too many prefixes",
                format!(
                    "<T Algorithm=\"{EXCLUSIVE}\">{}</T>",
                    list.replace("\"a\"", &format!("\"{}\"", "a ".repeat(33)))
                ),
            ),
        ] {
            assert_eq!(read(&text), None, "{told}");
        }
        assert!(read(&format!("<T Algorithm=\"{EXCLUSIVE}\">{list}</T>")).is_some());
    }
}
