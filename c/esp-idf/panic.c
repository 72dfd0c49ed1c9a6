/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <stdlib.h>

/* Called by the library instead of an impossible state. */
__attribute__((weak)) _Noreturn void ejwt_panic(void) { abort(); }
