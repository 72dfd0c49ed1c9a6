# embedded_jwt_cargo(<target>): builds the archive for a Rust target ("" is the host) by cargo, as the CMake target
# `embedded_jwt_archive`, and sets EMBEDDED_JWT_ARCHIVE to its path.
#
# EMBEDDED_JWT_COMPACT_SHA2: SHA-2 as a loop. At opt-level z it takes 26 KB less of flash for EdDSA, 7 KB for ES256, and
# 0.1 to 0.6 % more instructions.
get_filename_component(EMBEDDED_JWT_DIR "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

function(embedded_jwt_cargo target)
  find_program(EMBEDDED_JWT_CARGO cargo HINTS "$ENV{HOME}/.cargo/bin")
  if(NOT EMBEDDED_JWT_CARGO)
    message(FATAL_ERROR "embedded_jwt: cargo is not found: install Rust (https://rustup.rs)")
  endif()
  set(output "${CMAKE_CURRENT_BINARY_DIR}/embedded_jwt_cargo")
  set(options)
  set(table "build")
  set(folder "${output}/release")
  if(target)
    list(APPEND options --target ${target})
    set(table "target.${target}")
    set(folder "${output}/${target}/release")
  endif()
  if(EMBEDDED_JWT_COMPACT_SHA2)
    # Literal strings of TOML, so that no quotation mark needs an escape.
    list(APPEND options --config "${table}.rustflags=['--cfg=sha2_backend_soft=\"compact\"']")
  endif()
  file(GLOB_RECURSE sources "${EMBEDDED_JWT_DIR}/src/*.rs" "${EMBEDDED_JWT_DIR}/../src/*.rs")
  set(built "${folder}/libembedded_jwt_c.a")
  set(archive "${CMAKE_CURRENT_BINARY_DIR}/libembedded_jwt.a")
  add_custom_command(
    OUTPUT "${archive}"
    COMMAND ${EMBEDDED_JWT_CARGO} rustc --lib --crate-type staticlib --release --locked
            --manifest-path "${EMBEDDED_JWT_DIR}/Cargo.toml" --target-dir "${output}" ${options}
    COMMAND ${CMAKE_COMMAND} -E copy "${built}" "${archive}"
    DEPENDS ${sources} "${EMBEDDED_JWT_DIR}/Cargo.toml" "${EMBEDDED_JWT_DIR}/Cargo.lock"
    COMMENT "embedded_jwt: building the archive by cargo"
    VERBATIM)
  add_custom_target(embedded_jwt_archive DEPENDS "${archive}")
  set(EMBEDDED_JWT_ARCHIVE "${archive}" PARENT_SCOPE)
endfunction()
