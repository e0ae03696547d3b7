use super::*;

fn resolve(path: &str, target: Target) -> Option<String> {
    match target {
        Target::Page => Some(format!("/files/{path}")),
        Target::Image => path.ends_with(".png").then(|| format!("/raw/{path}")),
    }
}

#[test]
fn explore() {
    let links = Links { directory: "", resolve: &resolve };
    let input = std::fs::read_to_string("/tmp/wt/readme-hostile.txt").unwrap();
    let mut out = String::new();
    for row in input.lines() {
        let row = row.replace("%0A", "\n").replace("%00", "\0");
        out += &format!("({:?}, {:?}),\n", row, markdown(&row, &links, &ReadmeLimits::default()).unwrap().as_str().trim_end());
    }
    std::fs::write("/tmp/wt/readme-hostile.out", out).unwrap();
}
