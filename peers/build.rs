//! Makes a module of the Raft example that stateright's package ships, so that it is that very example
//! which is measured: all of it but its `main`.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let metadata = cargo_metadata::MetadataCommand::new().exec().expect("cargo knows its packages");
    let package = metadata.packages.iter().find(|package| package.name.as_str() == "stateright");
    let manifest = &package.expect("stateright is among the dependencies").manifest_path;
    let example = manifest.parent().expect("a manifest lies in a folder").join("examples/raft.rs");
    let text = fs::read_to_string(&example).expect("stateright ships a Raft example");
    let (model, _) = text.split_once("fn main()").expect("the example can be run");
    // Parts of it serve only its `main`.
    let module = format!("#[allow(unused_imports)]\nmod example {{\n{model}\n}}\npub use example::*;\n");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a folder for what is built"));
    fs::write(Path::new(&folder).join("stateright_raft.rs"), module).expect("the folder can be written to");
}
