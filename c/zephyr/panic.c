/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <zephyr/kernel.h>

/* Called by the library instead of an impossible state: the kernel's handler of fatal errors decides. */
__attribute__((weak)) _Noreturn void ejwt_panic(void) {
  k_panic();
  CODE_UNREACHABLE;
}
