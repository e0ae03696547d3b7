//! Texts, and which pieces of them are what.

use super::*;

/// The pieces with a letter for what they are.
fn shown(text: &str, language: Language) -> String {
    let letter = |kind| match kind {
        Kind::Plain => ' ',
        Kind::Comment => 'c',
        Kind::String => 's',
        Kind::Interpolation => '$',
        Kind::Number => '1',
        Kind::Literal => 'l',
        Kind::Keyword => 'k',
        Kind::Block => 'b',
        Kind::Attribute => 'a',
        Kind::Function => 'f',
        Kind::Name => 'n',
        Kind::Operator => 'o',
    };
    let lines = highlight(text, language);
    let line = |line: &Line<'_>| {
        line.iter()
            .map(|token| {
                letter(token.kind).to_string().repeat(token.text.trim_end_matches('\n').chars().count())
            })
            .collect::<String>()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("/")
}

#[test]
fn configuration_is_told_apart() {
    for (text, expected) in [
        ("a = 1", "a o 1"),
        ("a = -1.5e+3 + 2", "a o o111111 o 1"),
        ("a = 1.x", "a o 1on"),
        ("resource \"aws_vpc\" \"this\" {", "bbbbbbbb sssssssss ssssss o"),
        ("locals {\n  b = 1\n}", "bbbbbb o/  a o 1/o"),
        ("moved { from = a.b }", "bbbbb o aaaa o non o"),
        ("a = true # yes\n", "a o llll ccccc"),
        ("// x\n/* y\nz */ b = 1", "cccc/cccc/cccc a o 1"),
        ("/* x", "cccc"),
        ("a = \"b${c}d\"", "a o ss$$n$ss"),
        ("a = \"${{ b = \"}\" }}\"", "a o s$$o a o sss o$s"),
        ("a = \"$${x} \\\" %%{y}\"", "a o ssssssssssssssss"),
        ("a = \"%{ if b ~}c%{ endif }\"", "a o s$$ kk n o$s$$ kkkkk $s"),
        ("a = \"never closed\nb = 1", "a o sssssssssssss/a o 1"),
        ("a = <<-EOT\n  x ${y}\n  EOT\nb = 1", "a o ssssss/ssss$$n$/sssss/a o 1"),
        ("a = <<EOT\nEOTx\nEOT", "a o sssss/ssss/sss"),
        ("a = 1 << 2", "a o 1 oo 1"),
        ("a = <<EOT", "a o oonnn"),
        ("a = [for k, v in b : k => v if v == null]", "a o okkk no n kk n o n oo n kk n oo llllo"),
        ("a = cidrsubnet(b, 8, 1)", "a o ffffffffffono 1o 1o"),
        ("a = var.x == 1 ? null : b[0]", "a o nnnon oo 1 o llll o no1o"),
        ("größe = 二", "aaaaa o n"),
        ("a = \u{1}\u{7f}", "a o   "),
        ("} } }", "o o o"),
        ("", ""),
        ("\n\n", "/"),
        ("a = 1\r\n", "a o 1 "),
    ] {
        assert_eq!(shown(text, Language::Hcl), expected, "{text:?}");
    }
}

#[test]
fn json_is_told_apart() {
    for (text, expected) in [
        ("{\"a\" : \"b\", \"c\": -1.5}", "oaaa o ssso aaao 1111o"),
        ("[true, null, x]", "ollllo llllo no"),
        ("\"a\\\"b\"", "ssssss"),
        ("\"open\n1", "sssss/1"),
    ] {
        assert_eq!(shown(text, Language::Json), expected, "{text:?}");
    }
}

#[test]
fn a_language_is_known_by_its_files() {
    for (path, language) in [
        ("main.tf", Language::Hcl),
        ("a/b.TOFU", Language::Hcl),
        ("x.tfvars", Language::Hcl),
        ("main.tf.json", Language::Json),
        ("x.tftest.hcl", Language::Hcl),
        ("README.md", Language::Plain),
        ("tf", Language::Plain),
        ("a.tf/LICENSE", Language::Plain),
    ] {
        assert_eq!(Language::of(path), language, "{path}");
    }
}

#[test]
fn all_pieces_together_are_the_text() {
    // Every short text over an alphabet of everything that means something, and some long ones.
    let alphabet = [
        "\"", "${", "}", "{", "\n", "<<A\n", "A", "\\", "/*", "*/", "#", "1", ".", "é", "$$", "%{", " ",
        "\r", "=", "-",
    ];
    let mut texts = vec![String::new()];
    for _ in 0..3 {
        texts = texts.iter().flat_map(|text| alphabet.map(|piece| format!("{text}{piece}"))).collect();
    }
    texts.extend(alphabet.map(|piece| piece.repeat(5000)));
    texts.push("\"${".repeat(5000));
    texts.push("<<A\n${\"".repeat(5000));
    for text in texts {
        for language in [Language::Hcl, Language::Json, Language::Plain] {
            let lines = highlight(&text, language);
            let pieces: String = lines.iter().flatten().map(|token| token.text).collect();
            assert_eq!(pieces, text, "{language:?}");
            assert_eq!(lines.len(), text.lines().count(), "{language:?} {text:?}");
            assert!(lines.iter().flatten().all(|token| !token.text.is_empty()));
        }
    }
}
