//! The programs in the README's guide for integrators are the files that the tests run, whole and short.

use std::{fs, path::Path};

use super::demand;

/// "Under 40 lines": what somebody reads before deciding to begin.
const LINES: usize = 39;

/// Every program that is not in the text as it is, or is too long.
fn differing(readme: &str, programs: &[(String, String)]) -> Vec<String> {
    let mut failures = Vec::new();
    for (name, program) in programs {
        if !readme.contains(&format!("```python\n{program}```\n")) {
            failures.push(format!("{name} is not in README.md as it is: copy it into its block there"));
        }
        if program.lines().count() > LINES {
            failures.push(format!("{name} has {} lines: at most {LINES}", program.lines().count()));
        }
    }
    let shown = readme.matches("```python\n").count();
    if shown != programs.len() {
        failures.push(format!("README.md shows {shown} programs in Python, the tests run {}", programs.len()));
    }
    failures
}

#[test]
fn the_guide_shows_what_is_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let files = fs::read_dir(root.join("tests/python/clients")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|is| is == "py"));
    let read = |path: std::path::PathBuf| (path.display().to_string(), fs::read_to_string(&path).unwrap());
    let programs: Vec<(String, String)> = files.map(read).collect();
    assert_eq!(programs.len(), 2);
    demand(&differing(&fs::read_to_string(root.join("README.md")).unwrap(), &programs));
}

#[test]
fn a_changed_and_a_long_program_are_found() {
    let program = |text: &str| vec![("a.py".to_owned(), text.to_owned())];
    assert_eq!(differing("```python\nprint(1)\n```\n", &program("print(1)\n")), Vec::<String>::new());
    assert_eq!(differing("```python\nprint(1)\n```\n", &program("print(2)\n")).len(), 1);
    let long = "print(1)\n".repeat(LINES + 1);
    assert_eq!(differing(&format!("```python\n{long}```\n"), &program(&long)).len(), 1);
    assert_eq!(differing("```python\nprint(1)\n```\n", &[]).len(), 1);
}
