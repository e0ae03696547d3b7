//! Files with something changed, and expressions made up: whatever the plain reader answers, the parser answers too.

use super::tests::{answers, every_file, plain};

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 32).expect("32 bits fit") % limit.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

/// What mutations put in.
const TOKENS: [&str; 78] = [
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\n\n",
    "#",
    "//",
    "/*",
    "*/",
    "/* c */",
    "# c\n",
    "\"",
    "\\",
    "\\\"",
    "\\n",
    "$",
    "${",
    "$${",
    "%{",
    "%%{",
    "}",
    "{",
    "{}",
    "{ }",
    "(",
    ")",
    "()",
    "[",
    "]",
    "[]",
    "[*]",
    ".",
    "..",
    "...",
    ".*",
    ".0",
    ",",
    ":",
    "::",
    "?",
    "=",
    "==",
    "=>",
    "!",
    "!=",
    "<",
    "<<",
    "<=",
    ">",
    "&&",
    "|",
    "||",
    "+",
    "-",
    "*",
    "/",
    "%",
    "~",
    "<<EOT\n",
    "\nEOT\n",
    "<<-A\n\nA\n",
    "EOT",
    "for",
    "for x in ",
    " in ",
    " if ",
    "null",
    "true",
    "0",
    "01",
    "1.5",
    "1e3",
    "name",
    "é",
    "\u{a0}",
    "a = 1\n",
    "b {\n",
];

/// A text with one thing changed.
fn mutated(text: &str, numbers: &mut Numbers) -> String {
    let place = |numbers: &mut Numbers| {
        let mut at = numbers.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let at = place(numbers);
    let (before, behind) = text.split_at(at);
    let end = |length: usize| {
        (length..=behind.len()).find(|end| behind.is_char_boundary(*end)).unwrap_or(behind.len())
    };
    let line = behind.find('\n').map_or(behind.len(), |end| end + 1);
    match numbers.below(9) {
        0 => [before, &behind[end(1)..]].concat(),
        1 => [before, &behind[..end(1)], behind].concat(),
        2 => [before, &behind[end(1 + numbers.below(8))..]].concat(),
        3 => [before, &behind[line..]].concat(),
        4 => [before, &behind[..line], behind].concat(),
        5 => {
            let other = place(numbers);
            let piece = text[other..].split_inclusive(|char: char| !char.is_alphanumeric()).next();
            [before, piece.unwrap_or_default(), behind].concat()
        }
        6 => [before, numbers.pick(&TOKENS), &behind[end(1)..]].concat(),
        _ => [before, numbers.pick(&TOKENS), behind].concat(),
    }
}

#[test]
fn changed_files_are_read_the_same_or_left_to_the_parser() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    let files = every_file();
    // Block by block, so that one change in a block does not hide the others.
    let pieces: Vec<&str> = files.iter().flat_map(|(_, text)| text.split_inclusive("\n}\n")).collect();
    let mut answered = 0;
    for _ in 0..ROUNDS {
        let mut text = pieces[numbers.below(pieces.len())].to_owned();
        for _ in 0..=numbers.below(3) {
            text = mutated(&text, &mut numbers);
        }
        answered += usize::from(answers(&text, 4 + numbers.below(50)));
    }
    assert!(answered > ROUNDS / 10, "only {answered} of {ROUNDS} had an answer");
}

/// Texts that a test makes up.
const ROUNDS: usize = 6_000;

/// Writes expressions that are mostly valid, with blanks wherever some may be and sometimes where none may.
struct Writer {
    numbers: Numbers,
    text: String,
}

impl Writer {
    fn blank(&mut self) {
        let blanks = ["", "", "", " ", " ", " ", "  ", "\t", "/* c */", "\n", " # c\n", "\r\n", " // c \n "];
        let blank = self.numbers.pick(&blanks);
        self.text.push_str(blank);
    }

    fn put(&mut self, pieces: &[&str]) {
        for piece in pieces {
            self.blank();
            self.text.push_str(piece);
        }
    }

    fn name(&mut self) {
        let name = self
            .numbers
            .pick(&["a", "b", "var", "each", "null", "true", "for", "in", "if", "string", "x-1", "_"]);
        self.put(&[name]);
    }

    fn many(&mut self, separators: &[&str], one: impl Fn(&mut Self)) {
        for index in 0..self.numbers.below(4) {
            if index > 0 {
                let separator = self.numbers.pick(separators);
                self.put(&[separator]);
            }
            one(self);
        }
        if self.numbers.below(6) == 0 {
            let separator = self.numbers.pick(separators);
            self.put(&[separator]);
        }
    }

    fn expression(&mut self, depth: usize) {
        let Some(deeper) = depth.checked_sub(1) else { return self.leaf() };
        match self.numbers.below(16) {
            0..=2 => self.leaf(),
            3 => self.call(deeper),
            4 => self.list(deeper),
            5 | 6 => self.object(deeper),
            7 => self.put_around("(", deeper, ")"),
            8 => {
                let sign = self.numbers.pick(&["-", "!"]);
                self.put(&[sign]);
                self.expression(deeper);
            }
            9 | 10 => self.operation(deeper),
            11 => {
                self.expression(deeper);
                self.put(&["?"]);
                self.expression(deeper);
                self.put(&[":"]);
                self.expression(deeper);
            }
            12 | 13 => self.path(deeper),
            14 => self.template(deeper),
            _ => self.comprehension(deeper),
        }
    }

    fn put_around(&mut self, open: &str, depth: usize, close: &str) {
        self.put(&[open]);
        self.expression(depth);
        self.put(&[close]);
    }

    fn leaf(&mut self) {
        let leaves = [
            "1",
            "0",
            "-1",
            "- 2",
            "1.5",
            "007",
            "1e3",
            "null",
            "true",
            "false",
            "\"\"",
            "\"text\"",
            "\"a b\"",
            "\"\\n\\\"\"",
            "\"$${x}\"",
            "\"é\"",
            "a",
            "var.a",
            "[]",
            "{}",
            "string",
            "any",
            "\"true\"",
            "<<EOT\ntext\nEOT\n",
            "<<-EOT\n  a\n   ${b}\n  EOT",
        ];
        let leaf = self.numbers.pick(&leaves);
        self.put(&[leaf]);
    }

    fn call(&mut self, depth: usize) {
        let name = self.numbers.pick(&["f", "list", "object", "optional", "map"]);
        self.put(&[name, "("]);
        self.many(&[",", ",", ",", "..."], |writer| writer.expression(depth));
        self.put(&[")"]);
    }

    fn list(&mut self, depth: usize) {
        self.put(&["["]);
        self.many(&[","], |writer| writer.expression(depth));
        self.put(&["]"]);
    }

    fn object(&mut self, depth: usize) {
        self.put(&["{"]);
        self.many(&[",", "\n", "\n"], |writer| {
            match writer.numbers.below(6) {
                0 => writer.template(0),
                1 => writer.leaf(),
                2 => writer.put_around("(", 1, ")"),
                _ => writer.name(),
            }
            let sign = writer.numbers.pick(&["=", "=", ":"]);
            writer.put(&[sign]);
            writer.expression(depth);
        });
        self.put(&["}"]);
    }

    fn operation(&mut self, depth: usize) {
        self.expression(depth);
        for _ in 0..=self.numbers.below(3) {
            let operators = ["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||"];
            let operator = self.numbers.pick(&operators);
            self.put(&[operator]);
            self.expression(depth);
        }
    }

    fn path(&mut self, depth: usize) {
        self.expression(depth);
        for _ in 0..=self.numbers.below(3) {
            let step = self.numbers.pick(&[".a", ".b-1", ".0", ".*", "[*]", "[0]", "."]);
            self.put(&[step]);
        }
    }

    fn template(&mut self, depth: usize) {
        let head = self.numbers.pick(&["\"", "\"a", "\"b $"]);
        self.put(&[head]);
        self.text.push_str("${");
        self.expression(depth);
        self.blank();
        let tail = self.numbers.pick(&["}\"", "}:a\"", "~}\"", "}\\\"\""]);
        self.text.push_str(tail);
    }

    fn comprehension(&mut self, depth: usize) {
        let object = self.numbers.below(2) == 0;
        self.put(&[if object { "{" } else { "[" }, "for "]);
        self.name();
        if self.numbers.below(2) == 0 {
            self.put(&[","]);
            self.name();
        }
        self.put(&[" in "]);
        self.expression(depth);
        self.put(&[":"]);
        self.expression(depth);
        if object {
            self.put(&["=>"]);
            self.expression(depth);
        }
        if self.numbers.below(4) == 0 {
            self.put(&["..."]);
        }
        if self.numbers.below(3) == 0 {
            self.put(&[" if "]);
            self.expression(depth);
        }
        self.put(&[if object { "}" } else { "]" }]);
    }
}

#[test]
fn generated_expressions_are_read_the_same_or_left_to_the_parser() {
    let mut writer = Writer { numbers: Numbers(0xC0FF_EE00_DECA_FBAD), text: String::new() };
    let mut answered = 0;
    for _ in 0..ROUNDS {
        writer.text.clear();
        writer.text.push_str("variable \"a\" {\n");
        for name in ["type", "default", "description", "sensitive"] {
            if writer.numbers.below(2) == 0 {
                let depth = writer.numbers.below(4);
                writer.text.extend([name, " = "]);
                writer.expression(depth);
                writer.text.push('\n');
            }
        }
        writer.text.push_str("}\nterraform {\n required_providers {\n  a = ");
        let depth = writer.numbers.below(3);
        writer.expression(depth);
        writer.text.push_str("\n }\n}\n");
        answered += usize::from(plain(&writer.text));
    }
    assert!(answered > ROUNDS / 10, "only {answered} of {ROUNDS} had an answer");
}
