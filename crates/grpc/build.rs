//! Compiles the contract, without an installed protoc, and keeps its descriptors,
//! comments included, for reflection.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new("../../proto");
    let others = Path::new("../../third_party");
    for folder in [root, others] {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join("byline/v1"))? {
        files.push(entry?.path());
    }
    files.sort();

    let mut compiler = protox::Compiler::new([root, others])?;
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(files)?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(
        out.join("descriptors.bin"),
        compiler.encode_file_descriptor_set(),
    )?;
    let mut messages = tonic_prost_build::Config::new();
    messages.enable_type_names();
    // `pb.rs` shows them without their secrets.
    messages.skip_debug([
        ".byline.v1.SetPasswordRequest",
        ".byline.v1.VerifyPasswordRequest",
        ".byline.v1.ImportPasswordHashRequest",
    ]);
    tonic_prost_build::configure()
        .codec_path("crate::codec::BoundedCodec")
        .build_transport(false)
        .extern_path(".google.rpc", "::tonic_types::pb")
        .compile_fds_with_config(compiler.file_descriptor_set(), messages)?;
    Ok(())
}
