/* The tokens and the key set of the firmware in Rust, in flash. Written by `tests/firmware_tokens.rs`. */
/* Each in a section of its own, so that the linker drops what an image does not use. */
.macro fixture name, file
  .section .rodata.\name, "a", %progbits
  .global \name
  .global \name\()_end
\name:
  .incbin "\file"
\name\()_end:
.endm

fixture fixture_es256, "es256.jwt"
fixture fixture_es256_long, "es256-long.jwt"
fixture fixture_eddsa, "eddsa.jwt"
fixture fixture_eddsa_long, "eddsa-long.jwt"
fixture fixture_expired, "expired.jwt"
fixture fixture_other_audience, "other-audience.jwt"
fixture fixture_read_only, "read-only.jwt"
fixture fixture_id_token, "id-token.jwt"
fixture fixture_bound, "bound.jwt"
fixture fixture_proof, "proof.jwt"
fixture fixture_jwks, "jwks.json"

.section .note.GNU-stack, "", %progbits
