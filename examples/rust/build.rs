// Asks Python where the library is; the variable PYTHON names another interpreter.
use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo:rerun-if-env-changed=PYTHON");
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".into());
    let asked = Command::new(&python)
        .args(["-c", "import mish; print(mish.get_library(), end='')"])
        .output()
        .unwrap_or_else(|error| panic!("{python} does not run: {error}"));
    let said = String::from_utf8_lossy(&asked.stderr);
    assert!(asked.status.success(), "{python} has no mish: {said}");
    let library = String::from_utf8(asked.stdout).expect("a path in UTF-8");
    let folder = Path::new(&library).parent().expect("a folder").display();
    println!("cargo:rustc-link-search=native={folder}");
    println!("cargo:rustc-link-lib=dylib=mish");
    println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
}
