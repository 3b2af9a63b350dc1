//! Compiles the services of the contract once more, and no messages: with plain codecs, so that
//! what Byline is compared with carries nothing of Byline's, and with an answer for every method
//! that a server leaves out.

use std::path::Path;

/// The services that are compared.
const FILES: &[&str] = &[
    "byline/v1/user_service.proto",
    "byline/v1/post_service.proto",
    "byline/v1/transfer_service.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folders = [Path::new("../proto"), Path::new("../third_party")];
    for folder in folders {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    let mut compiler = protox::Compiler::new(folders)?;
    compiler.include_imports(true).open_files(FILES)?;
    tonic_prost_build::configure()
        .build_client(false)
        .generate_default_stubs(true)
        .extern_path(".byline.v1", "::byline_grpc::pb")
        .extern_path(".google", "::prost_types")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
