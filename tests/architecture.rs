//! ARCHITECTURE.md says where the paper's sentences are: each function that it names is there.

#[test]
fn every_function_that_the_table_of_sections_names_exists() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("ARCHITECTURE.md")).unwrap();
    let mut named = 0;
    let table = text.split("## Where the paper's sentences are").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let is_row = |line: &&str| line.starts_with("| §") || line.starts_with("| D");
    for row in table.lines().filter(is_row) {
        let columns: Vec<&str> = row.split('|').map(str::trim).collect();
        let file = columns[2].trim_matches('`');
        let source = std::fs::read_to_string(root.join("src").join(file)).unwrap();
        for function in columns[3].split(", ").map(|name| name.trim_matches('`')) {
            let defined = ["(", "<"].iter().any(|next| source.contains(&format!("fn {function}{next}")));
            assert!(defined, "{file} has no function {function}, which ARCHITECTURE.md names");
            named += 1;
        }
    }
    assert!(named > 80, "only {named} functions are named");
}
