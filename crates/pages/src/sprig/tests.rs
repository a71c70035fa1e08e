//! Each function as a template calls it, against what Sprig 3.3 answers.

use std::sync::Arc;

use gotmpl::Template;

use super::*;

fn run(template: &str) -> Result<String, String> {
    // 2026-07-28T09:05:07.5Z, a Tuesday
    let now: Now = Arc::new(|| jiff::Timestamp::new(1_785_229_507, 500_000_000).unwrap());
    let parsed = Template::new("t").funcs(functions(&now)).parse(template).map_err(|error| error.to_string())?;
    parsed.execute_to_string(&Value::Nil).map_err(|error| error.to_string())
}

fn answers(cases: &[(&str, &str)]) {
    for (template, expected) in cases {
        assert_eq!(run(&format!("{{{{ {template} }}}}")).as_deref(), Ok(*expected), "{template}");
    }
}

#[test]
fn strings() {
    answers(&[
        (r#"trim "  a b ""#, "a b"),
        (r#"trimAll "$" "$5.00$""#, "5.00"),
        (r#"trimSuffix "-" "hello-""#, "hello"),
        (r#"trimPrefix "-" "-hello""#, "hello"),
        (r#"upper "héllo""#, "HÉLLO"),
        (r#"nospace "h e l l o ""#, "hello"),
        (r#"initials "First Try""#, "FT"),
        (r#"repeat 3 "ab""#, "ababab"),
        (r#"repeat -1 "ab""#, ""),
        (r#""I Am Henry VIII" | replace " " "-""#, "I-Am-Henry-VIII"),
        (r#"substr 0 5 "hello world""#, "hello"),
        (r#"substr -1 5 "hello world""#, "hello"),
        (r#"substr 6 -1 "hello world""#, "world"),
        (r#"trunc 5 "hello world""#, "hello"),
        (r#"trunc -5 "hello world""#, "world"),
        (r#"trunc 5 "héé""#, "héé"),
        (r#"abbrev 5 "hello world""#, "he..."),
        (r#"abbrev 11 "hello world""#, "hello world"),
        (r#"abbrevboth 5 10 "1234 5678 9123""#, "...5678..."),
        (r#"contains "cat" "concatenate""#, "true"),
        (r#"hasPrefix "cat" "catch""#, "true"),
        (r#"hasSuffix "ch" "catch""#, "true"),
        (r#"quote "a\"b" 5"#, r#""a\"b" "5""#),
        (r#"squote "a" "b""#, "'a' 'b'"),
        (r#"cat "hello" "beautiful" 1"#, "hello beautiful 1"),
        (r#"indent 2 "a\nb""#, "  a\n  b"),
        (r#"nindent 2 "a""#, "\n  a"),
        (r#"plural "one anchovy" "many anchovies" 1"#, "one anchovy"),
        (r#"plural "one anchovy" "many anchovies" 0"#, "many anchovies"),
        (r#"wrap 5 "Hello World""#, "Hello\nWorld"),
        (r#"wrapWith 5 "\t" "HelloWorld""#, "Hello\tWorld"),
    ]);
}

#[test]
fn letter_case() {
    answers(&[
        (r#"title "hello world""#, "Hello World"),
        (r#"untitle "Hello World""#, "hello world"),
        (r#"swapcase "Hello""#, "hELLO"),
        (r#"snakecase "FirstName""#, "first_name"),
        (r#"snakecase "HTTPServer""#, "http_server"),
        (r#"kebabcase "FirstName""#, "first-name"),
        (r#"camelcase "http_server""#, "HttpServer"),
    ]);
}

#[test]
fn lists_and_dicts() {
    answers(&[
        ("list 1 2 3", "[1 2 3]"),
        ("first (list 1 2 3)", "1"),
        ("rest (list 1 2 3)", "[2 3]"),
        ("last (list 1 2 3)", "3"),
        ("initial (list 1 2 3)", "[1 2]"),
        ("append (list 1) 2", "[1 2]"),
        ("prepend (list 1) 2", "[2 1]"),
        ("concat (list 1) (list 2 3)", "[1 2 3]"),
        ("reverse (list 1 2 3)", "[3 2 1]"),
        ("uniq (list 1 1 2)", "[1 2]"),
        ("without (list 1 2 3) 2", "[1 3]"),
        ("has 4 (list 1 2 3)", "false"),
        (r#"compact (list 1 "" 0 2)"#, "[1 2]"),
        ("slice (list 1 2 3 4) 1 3", "[2 3]"),
        ("chunk 2 (list 1 2 3)", "[[1 2] [3]]"),
        (r#"join "-" (list 1 "a" true)"#, "1-a-true"),
        (r#"(split "$" "foo$bar$baz")._1"#, "bar"),
        (r#"(splitn "$" 2 "foo$bar$baz")._1"#, "bar$baz"),
        (r#"splitList "," "a,b""#, "[a b]"),
        (r#"sortAlpha (list "b" "a")"#, "[a b]"),
        ("until 3", "[0 1 2]"),
        ("untilStep 3 6 2", "[3 5]"),
        ("untilStep 3 6 0", "[]"),
        ("seq 5", "1 2 3 4 5"),
        ("seq -3", "1 0 -1 -2 -3"),
        ("seq 0 2 10", "0 2 4 6 8 10"),
        (r#"(dict "a" 1 "b").b"#, ""),
        (r#"get (dict "a" 1) "a""#, "1"),
        (r#"get (dict "a" 1) "b""#, ""),
        (r#"set (dict "a" 1) "b" 2"#, "map[a:1 b:2]"),
        (r#"unset (dict "a" 1 "b" 2) "a""#, "map[b:2]"),
        (r#"hasKey (dict "a" 1) "a""#, "true"),
        (r#"pluck "a" (dict "a" 1) (dict "b" 2) (dict "a" 3)"#, "[1 3]"),
        (r#"keys (dict "b" 1 "a" 2) | join ",""#, "a,b"),
        (r#"values (dict "b" 1 "a" 2)"#, "[2 1]"),
        (r#"pick (dict "a" 1 "b" 2) "a""#, "map[a:1]"),
        (r#"omit (dict "a" 1 "b" 2) "a""#, "map[b:2]"),
        (r#"merge (dict "a" 1 "c" "") (dict "a" 2 "b" 3 "c" 4)"#, "map[a:1 b:3 c:4]"),
        (r#"mergeOverwrite (dict "a" 1 "b" 2) (dict "a" 3 "b" "")"#, "map[a:3 b:2]"),
        (r#"merge (dict "a" (dict "x" 1)) (dict "a" (dict "y" 2))"#, "map[a:map[x:1 y:2]]"),
        (r#"dig "a" "b" "none" (dict "a" (dict "b" "found"))"#, "found"),
        (r#"dig "a" "z" "none" (dict "a" (dict "b" "found"))"#, "none"),
    ]);
}

#[test]
fn choices_and_kinds() {
    answers(&[
        (r#"default "foo" """#, "foo"),
        (r#"0 | default 5"#, "5"),
        (r#""bar" | default "foo""#, "bar"),
        (r#"empty (list)"#, "true"),
        (r#"coalesce 0 "" "x" "y""#, "x"),
        (r#"all 1 "a" true"#, "true"),
        (r#"any 0 "" false"#, "false"),
        (r#"ternary "foo" "bar" true"#, "foo"),
        (r#"eq 1 2 | ternary "foo" "bar""#, "bar"),
        ("kindOf 1", "int"),
        (r#"kindIs "string" "x""#, "true"),
        ("typeOf 1.5", "float64"),
        ("deepEqual (list 1 2) (list 1 2)", "true"),
    ]);
}

#[test]
fn numbers() {
    answers(&[
        ("add 1 2 3", "6"),
        ("add1 1", "2"),
        ("sub 5 2", "3"),
        ("div 7 2", "3"),
        ("mod 7 2", "1"),
        ("mul 1 2 3", "6"),
        ("max 1 2 3", "3"),
        ("min 1 2 3", "1"),
        ("addf 1.5 2 2", "5.5"),
        ("divf 10 4", "2.5"),
        ("ceil 123.001", "124"),
        ("floor 123.9999", "123"),
        ("round 123.555555 3", "123.556"),
        ("round 123.5", "124"),
        (r#"int "42""#, "42"),
        (r#"int "x""#, "0"),
        (r#"atoi "42x""#, "0"),
        (r#"toDecimal "0777""#, "511"),
        (r#"add "1" 2"#, "3"),
    ]);
}

#[test]
fn encodings() {
    answers(&[
        (r#"b64enc "test string""#, "dGVzdCBzdHJpbmc="),
        (r#"b64dec "dGVzdCBzdHJpbmc=""#, "test string"),
        // RFC 4648 §10
        (r#"b32enc "foobar""#, "MZXW6YTBOI======"),
        (r#"b32enc "fo""#, "MZXQ===="),
        (r#"b32dec "MZXW6YTBOI======""#, "foobar"),
        (r#"toJson (dict "a" (list 1 "<b>"))"#, r#"{"a":[1,"\u003cb\u003e"]}"#),
        (r#"toRawJson "<b>""#, r#""<b>""#),
        (r#"(fromJson "{\"a\": [1, true]}").a"#, "[1 true]"),
        (r#"sha1sum "abc""#, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (r#"sha256sum "abc""#, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (r#"adler32sum "Wikipedia""#, "300286872"),
    ]);
}

#[test]
fn expressions_and_urls() {
    answers(&[
        (r#"regexMatch "^[a-z]+$" "abc""#, "true"),
        (r#"regexFind "[a-zA-Z][1-9]" "abcd1234""#, "d1"),
        (r#"regexFindAll "[2,4,6,8]" "123456789" -1"#, "[2 4 6 8]"),
        (r#"regexFindAll "[2,4,6,8]" "123456789" 2"#, "[2 4]"),
        (r#"regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W""#, "-W-xxW-"),
        (r#"regexReplaceAllLiteral "a(x*)b" "-ab-axxb-" "${1}""#, "-${1}-${1}-"),
        (r#"regexSplit "z+" "pizza" -1"#, "[pi a]"),
        (r#"regexQuoteMeta "1.2.3""#, r"1\.2\.3"),
        (r#"(urlParse "http://admin:secret@server.com:8080/api?list=false#anchor").host"#, "server.com:8080"),
        (r#"(urlParse "http://admin:secret@server.com:8080/api?list=false#anchor").userinfo"#, "admin:secret"),
        (r#"(urlParse "https://x.example.com").path"#, ""),
        (
            r#"urlJoin (dict "fragment" "f" "host" "host:80" "path" "/path" "query" "q" "scheme" "http")"#,
            "http://host:80/path?q#f",
        ),
        (r#"base "/a/b.txt""#, "b.txt"),
        (r#"dir "/a/b.txt""#, "/a"),
        (r#"clean "/a/../b//c/.""#, "/b/c"),
        (r#"ext "b.tar.gz""#, ".gz"),
        (r#"isAbs "a""#, "false"),
    ]);
}

#[test]
fn dates() {
    answers(&[
        (r#"now | date "2006-01-02 15:04:05""#, "2026-07-28 09:05:07"),
        (r#"now | date "Mon Jan _2 3:04PM 2006 MST""#, "Tue Jul 28 9:05AM 2026 UTC"),
        (r#"now | date "Monday, 02-Jan-06 15:04:05.000 Z07:00""#, "Tuesday, 28-Jul-26 09:05:07.500 Z"),
        (r#"date "2006-01-02T15:04:05-07:00" 0"#, "1970-01-01T00:00:00+00:00"),
        ("now.Year", "2026"),
        ("now.Month", "July"),
        ("htmlDate 0", "1970-01-01"),
        (r#"dateInZone "15:04 MST" (now) "Nowhere/Land""#, "09:05 UTC"),
        (r#"now | dateModify "-1.5h" | date "15:04""#, "07:35"),
        (r#"toDate "2006-01-02" "2017-12-31" | date "02/01/2006""#, "31/12/2017"),
        (r#"toDate "Jan 2, 2006 at 3:04pm (MST)" "Feb 3, 2013 at 7:54pm (UTC)" | unixEpoch"#, "1359921240"),
        (r#"toDate "2006-01-02T15:04:05Z07:00" "2017-12-31T10:00:00+02:00" | unixEpoch"#, "1514707200"),
        ("duration 95", "1m35s"),
        ("duration 3600", "1h0m0s"),
        (r#"durationRound "2h10m5s""#, "2h"),
        (r#"now | dateModify "-90s" | ago"#, "1m30s"),
    ]);
}

#[test]
fn chance_has_the_right_shape() {
    let made =
        run("{{ randAlphaNum 20 }} {{ randNumeric 5 }} {{ uuidv4 }} {{ randInt 3 4 }} {{ shuffle \"aaa\" }}").unwrap();
    let parts: Vec<&str> = made.split(' ').collect();
    assert!(parts[0].len() == 20 && parts[0].chars().all(|c| c.is_ascii_alphanumeric()), "{made}");
    assert!(parts[1].len() == 5 && parts[1].chars().all(|c| c.is_ascii_digit()), "{made}");
    assert!(parts[2].len() == 36 && &parts[2][14..15] == "4" && "89ab".contains(&parts[2][19..20]), "{made}");
    assert_eq!(&parts[3..], ["3", "aaa"]);
}

#[test]
fn refuses_with_a_reason() {
    let cases = [
        ("env \"HOME\"", "execution error: env: templates of dex do not see the server's environment or network"),
        ("genPrivateKey \"rsa\"", "execution error: genPrivateKey: templates of dex make no keys"),
        ("fail \"because\"", "execution error: fail: because"),
        ("div 1 0", "execution error: div: divides by zero"),
        ("repeat 100000000 \"x\"", "execution error: repeat: would make a text of more than"),
        ("until 100000000", "execution error: until: would make a list of more than"),
        ("indent 100000000 \"x\"", "execution error: indent: would make a text of more than"),
        ("regexMatch \"(\" \"x\"", "execution error: regexMatch: regex parse error"),
        ("toDate \"2006-01-02\" \"today\"", "execution error: toDate: `today` does not look like `2006-01-02`"),
        ("first 1 2", "execution error: first: takes 1 arguments, not 2"),
        ("dateModify \"soon\" now", "execution error: dateModify: `soon` is no span of time"),
    ];
    for (template, expected) in cases {
        let error = run(&format!("{{{{ {template} }}}}")).unwrap_err();
        assert!(error.starts_with(expected), "{template}: {error}");
    }
}

#[test]
fn no_argument_makes_a_function_panic() {
    let now: Now = Arc::new(|| jiff::Timestamp::UNIX_EPOCH);
    let odd = [
        Value::Nil,
        Value::Bool(true),
        Value::Int(i64::MIN),
        Value::Int(i64::MAX),
        Value::Uint(u64::MAX),
        Value::Float(f64::NAN),
        Value::Float(f64::MIN),
        Value::String("".into()),
        Value::String("é(%\u{0}-1h".into()),
        Value::List(vec![Value::Nil, Value::Int(-1)].into()),
        Value::Map(Arc::default()),
    ];
    for (_, function) in functions(&now) {
        let _ = function(&[]);
        for a in &odd {
            let _ = function(std::slice::from_ref(a));
            for b in &odd {
                let _ = function(&[a.clone(), b.clone()]);
                for c in &odd {
                    let _ = function(&[a.clone(), b.clone(), c.clone()]);
                }
            }
        }
    }
}
