/* Runs the tests of the C interface. Built with the address and the undefined-behaviour sanitizer by `c/check`. */
#include "test.h"

int checked, failed;

ejwt_request request_of(ejwt_str token, uint8_t *buffer, size_t buffer_len) {
  const ejwt_request request = {
    .token = token,
    .issuers = &TRUSTED_ISSUER,
    .issuer_count = 1,
    .now = FIXTURE_NOW,
    .buffer = buffer,
    .buffer_len = buffer_len,
  };
  return request;
}

int main(void) {
  test_policies();
  test_keys();
  test_stores();
  test_http();
  test_hostile();
  printf("%d checks, %d failed\n", checked, failed);
  return failed || !checked;
}
